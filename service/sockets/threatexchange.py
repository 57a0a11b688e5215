"""The extension of python-threatexchange: `threatexchange config extensions add service.sockets.threatexchange`."""

from threatexchange.extensions.manifest import ThreatExchangeExtensionManifest

from service.sockets.claim_signal import ClaimEmbeddingSignal
from service.sockets.debunk_exchange import DebunkExchange

__all__ = ["TX_MANIFEST", "ClaimEmbeddingSignal", "DebunkExchange"]

TX_MANIFEST = ThreatExchangeExtensionManifest(
    signal_types=(ClaimEmbeddingSignal,), content_types=(), apis=(DebunkExchange,)
)
