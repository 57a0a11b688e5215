"""Which column of a table holds which field of a debunk: what is given, else a guess by the columns' usual names."""

import unicodedata
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from corpus.errors import UnreadableSource

ALIASES = MappingProxyType({"fact": "passages", "language": "lang", "verdict": "rating", "claim": "myth"})

# The usual names of each field's column, likeliest first, without case, spaces and signs. A column is taken once, by
# the first field that names it: `text` is the myth of a table that has no `claim`, and else the fact. What could be
# either the debunk's address or that of the false story (`source_url`) or either's paper (`outlet`) is never guessed.
_NAMES = {
    "myth": """
        claimreviewed claim claimtext myth misinformation disinformation disinfo falseclaim statement narrative hoax
        rumour rumor allegation affirmation mythe désinformation rumeur déclaration утверждение миф фейк дезинформация
        заявление тезис твердження міф дезінформація заява теза behauptung mythos falschbehauptung aussage
        desinformation afirmación bulo mito desinformación affermazione bufala disinformazione dichiarazione alegação
        afirmação boato desinformação twierdzenie mit dezinformacja wypowiedź text sentence post message tweet texte
        текст повідомлення texto testo tekst
    """,
    "id": "id identifier claimid debunkid reviewid factcheckid uid uuid guid",
    "passages": """
        fact facts debunk debunking correction rebuttal disproof refutation explanation reviewbody factcheck fait faits
        démenti correctif explication факт факты опровержение объяснение разъяснение факти спростування пояснення fakt
        fakten richtigstellung erklärung faktencheck hecho hechos desmentido corrección explicación verificación fatto
        fatti smentita correzione spiegazione fato fatos facto desmentida correção explicação fakty sprostowanie
        wyjaśnienie evidence justification reason article articletext articlebody body fulltext review summary
        description статья стаття artikel artículo articolo artigo artykuł text texte текст texto testo tekst content
    """,
    "rating_text": "ratingtext textualrating ratingname ratinglabel reviewratingalternatename alternatename",
    "rating": """
        verdict rating label reviewrating truthrating ratingvalue veracity évaluation вердикт оценка рейтинг оцінка
        bewertung urteil einstufung veredicto calificación valoración verdetto giudizio
        valutazione veredito classificação avaliação werdykt ocena
    """,
    "lang": "lang language languagecode inlanguage locale langue язык мова sprache idioma lengua lingua língua język",
    "title": "title headline reviewtitle articletitle titre заголовок название назва titel título titolo tytuł",
    "url": """
        url reviewurl claimreviewurl factcheckurl debunkurl articleurl permalink link href uri lien адрес ссылка
        посилання адреса enlace collegamento ligação odnośnik
    """,
    "publisher": """
        publisher publishername factchecker organization organisation source site website publishersite éditeur média
        издатель издание источник сайт видавець видання джерело herausgeber quelle editor fuente sitio editore fonte
        sito publicador wydawca źródło
    """,
    "claimant": """
        claimant speaker claimedby claimauthor author itemreviewedauthorname auteur автор спикер заявитель спікер
        sprecher autor autora autore mówca
    """,
    "claimed": "claimed claimdate claimeddate dateclaimed statementdate itemrevieweddatepublished датаутверждения",
    "appearances": "appearances appearance firstappearance claimappearance claimurl posturl tweeturl",
    "published": """
        published datepublished publisheddate publicationdate publishedat publishdate reviewdate pubdate date created
        datecreated createdat datedepublication дата датапубликации датапублікації datum veröffentlicht fecha
        fechadepublicación data datadipubblicazione datadepublicação datapublikacji
    """,
    "updated": "updated datemodified modified lastmodified lastupdated updatedat",
    "tags": """
        tags tag keywords keyword topics topic categories category subjects subject themes theme motsclés étiquettes
        thème sujet теги ключевыеслова тема темы ключовіслова теми schlagwörter stichwörter thema etiquetas tema temas
        palabrasclave parolechiave argomento palavraschave etykiety temat tematy
    """,
}
USUAL_NAMES = {field: tuple(names.split()) for field, names in _NAMES.items()}
FIELDS = tuple(USUAL_NAMES)


def guess_columns(names: Iterable[str], taken: Mapping[str, str]) -> dict[str, str]:
    """Return the column of every field that one is usual for, and of those in `taken` the one that they have."""
    met = {bare(name): name for name in reversed(list(names))}  # of two alike, the first
    columns = dict(taken)
    for field, usual in USUAL_NAMES.items():
        free = (met[name] for name in usual if name in met and met[name] not in columns.values())
        if field not in columns and (column := next(free, None)) is not None:
            columns[field] = column
    return columns


def checked_columns(given: Mapping[str, str], names: Iterable[str], where: str) -> dict[str, str]:
    """Return the given map with its columns as the table spells them; raises UnreadableSource for one that is none."""
    met = list(names)
    checked = {}
    for name, column in given.items():
        field = ALIASES.get(name, name)
        if field not in FIELDS:
            raise UnreadableSource(f"{where}: met a column for {name!r}; expected one for {', '.join(FIELDS)}")
        alike = [other for other in met if other == column] or [other for other in met if bare(other) == bare(column)]
        if not alike:
            raise UnreadableSource(f"{where}: met column {column!r} for {name!r}; it has only {', '.join(met)}")
        checked[field] = alike[0]
    return checked


def bare(name: str) -> str:
    """Return a column's name without case, spaces and signs: "claimreviewed" of "Claim_Reviewed"."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", name).casefold()))
