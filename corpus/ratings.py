"""Ratings: any publisher's verdict, in its own words or on its own scale, read to one of five."""

import math
import re
import unicodedata
from functools import lru_cache

from corpus.model import Rating

Number = str | float | None

DEFAULT_WORST, DEFAULT_BEST = 1.0, 5.0  # schema.org's, where a rating does not say
NOT_CHOSEN = (-1.0, 0.0)  # what publishers' forms send where no number was chosen
FALSE_UP_TO, TRUE_FROM = 0.25, 0.75  # of the scale: 1 and 2 of 5 are false, 3 is half true, 4 and 5 are true
MAX_VERDICT_CHARS = 300  # some publishers put the whole explanation there; its verdict comes first

# What verdicts are called. Of several in one verdict the first that stands in it counts ("Not true. True is that ..."),
# and of two that begin at one place the one of the upper row ("false context" is no "false"). A verdict that is only
# weakened ("mostly false", "plutôt faux") is that verdict; a part of the truth, or the truth about something else, is
# misleading. `*` stands for any ending.
VERDICTS: dict[Rating, str] = {
    "misleading": """
        true but, false but, vrai mais,
        half true, half truth*, half false, partly, partially, partial, mixture, mixed, misleading, mislead*,
        miscaption*, false context, missing context, missing some context, needs context, lacks context,
        lacking context, without context, context needed, more context, out of context, decontextualised,
        decontextualized, distort*, exaggerat*, cherry pick*, spin, spins, deceptive*, flawed reasoning,
        barely true, somewhat, not entirely, not quite, not completely, not exactly, not the whole*, half right,
        outdated, oversimplif*, overstated, understated, imprecise, one pinocchio, 1 pinocchio, two pinocchio*,
        2 pinocchio*, not the full story, complicated, manipulation, mix of, trompeu*, en partie, partiellement,
        à moitié, manque de contexte, contexte manquant, sans contexte, hors contexte, hors de son contexte,
        exagér*, à nuancer, plus compliqué, mi vrai, détourné*, imprécis*, incomplet*, engañ*, verdad a medias,
        verdades a medias, parcialmente, fuera de contexto, falta contexto, sin contexto, descontextualiza*,
        sacado de contexto, impreciso, imprecisa, exagerad*, medias verdades, cierto pero, verdad pero,
        enganos*, enganador*, distorcid*, fora de contexto, sem contexto, falta de contexto, contraditório,
        meia verdade, verdadeiro mas, não é bem assim, subestimado, pimenta na língua, fuorviante, parzialmente,
        contesto mancante, fuori contesto, decontestualizzat*, ingannevol*, mezza verità, irreführend,
        teilweise, teils, halb wahr, halbwahrheit, fehlender kontext, ohne kontext, aus dem kontext,
        kontext fehlt, größerer kontext, übertrieben, einseitig, verzerr*, missverständlich, misleidend, deels,
        gedeeltelijk, halfwaar, half waar, ontbrekende context, uit context, mist context, вводит в заблуждение,
        введение в заблуждение, вводящ*, частично*, отчасти, полуправда, наполовину, манипул*, искаж*,
        преувелич*, вырван*, без контекста, нет контекста, отсутствует контекст, недостаточно контекста,
        не совсем, не вполне, вводить в оману, оманлив*, частково, напівправда, маніпул*, спотвор*, перекруч*,
        перебільш*, вирван*, бракує контексту, відсутній контекст, поза контекстом, не зовсім, подвеждащ*,
        полуистина, хибний контекст, częściowo, manipulac*, wprowadza w błąd, wprowadzając*, półprawda,
        brak kontekstu, wyrwane z kontekstu, przesad*, zavádějíc*, zavádzajúc*, částečně, čiastočne, polopravda,
        vytržen*, manipulacij*, manipulisan*, djelomično, djelimično, delimično, obmanjuj*, poluistina,
        cenzurisan*, pristrasn*, izvučen*, parțial, trunchiat*, înșelător*, scos din context, félrevezet*,
        részben, vilseledande, delvis*, delvist, villeden*, misvisende, vildledende, harhaanjohta*, osittain,
        osaliselt, eksitav*, daļēji, maldino*, iš dalies, klaidin*, yanıltıcı, kısmen, karma, bağlamından*,
        çarpıtma, menyesatkan, sebagian, mengelirukan, παραπλανητικ*, μερικώς, εν μέρει, μισή αλήθεια, مضلل*,
        مجتزأ*, جزئي*, خارج السياق, خارج سياقه, گمراه*, نیمه درست, מטעה, חלקית, חצי אמת, भ्रामक, आंशिक, आधा सच,
        অর্ধসত্য, বিভ্রান্তিকর, 部分錯誤, 部分错误, 误导, 誤導, 易生誤解, 事實釐清, 半真半假, ミスリード,
        一部誤り, 不正確, 半分, 절반의 사실, 일부 사실, 오해, บิดเบือน
    """,
    "unproven": """
        unproven, unproved, not proven, not proved, unverified, not verified, unverifiable, cannot be verified,
        can t be verified, unconfirmed, unsubstantiated, unsupported, not supported, unfounded, baseless,
        no basis, no evidence, no proof, not enough evidence, insufficient evidence, lack of evidence,
        lacks evidence, little evidence, without evidence, undetermined, inconclusive, in progress, pending,
        in dispute, disputed, speculati*, unknown, rumor, rumour, non prouvé*, non vérifié*, invérifiable*,
        infondé*, sans preuve, sans fondement, pas de preuve*, aucune preuve, non confirmé*, incertain*,
        indéterminé*, en cours, douteux, sin pruebas, no hay pruebas, sin evidencia, no hay evidencia*,
        no hay datos, no probad*, sin confirmar, no verific*, inverificable, insostenible, infundad*,
        en desarrollo, no comprobad*, dudoso, sin fundamento, insustentável, sem provas, sem evidência*,
        não há provas, não há evidência*, não comprovad*, inverificável, ainda é cedo para dizer,
        sem comprovação, de olho, infondat*, senza prove, non verificabile, non verificat*, non provat*,
        nessuna prova, non dimostrat*, unbelegt*, nicht belegt, unbewiesen, nicht bewiesen, keine belege,
        keine beweise, unbestätigt, unbegründet, ohne beleg*, nicht überprüfbar, onbewezen, niet bewezen,
        ongefundeerd, geen bewijs, niet te controleren, onduidelijk, не подтвержд*, неподтвержд*, не доказан*,
        недоказан*, нет доказательств, без доказательств, бездоказательн*, необоснован*, голословн*,
        не проверен*, непроверен*, невозможно проверить, недостаточно данных, сомнительн*, слух*, не підтвердж*,
        непідтвердж*, не доведен*, недоведен*, немає доказів, без доказів, бездоказов*, безпідставн*,
        необґрунтован*, неможливо перевірити, сумнівн*, чутк*, недоказано, непотвърден*, без доказателства,
        nieweryfikowaln*, niepotwierdz*, brak dowodów, nieudowodnion*, neověřiteln*, neoveriteľn*, nepotvrzen*,
        nedokaz*, neprovjeren*, bez dokaza, neutemeljen*, neprovereno, nedovoljno dokaza, fără dovezi,
        neverificat*, neconfirmat*, bizonyítatlan, nem bizonyított, obekräftat, obevisat, ubevist,
        udokumenteret, udokumentert, ikke bevist, todistamaton, tõendamata, nepierādīt*, nepagrįst*,
        nepatvirtin*, asılsız, kanıtsız, kanıtlanmamış, belirsiz, belum terbukti, tidak terbukti, ανυπόστατ*,
        αναπόδεικτ*, ανεπιβεβαίωτ*, غير مؤكد*, غير مثبت*, لا دليل, بلا دليل, اثبات نشده, לא מבוסס, לא מוכח,
        अपुष्ट, असत्यापित, 無法證實, 无法证实, 證據不足, 证据不足, 未證實, 未证实, 根拠不明, 根拠なし,
        근거 없음, 판단 유보, ยังไม่พิสูจน์
    """,
    "other": """
        satire, satirical, labeled satire, parody, humor, humour, joke, opinion, flip flop, full flop,
        half flip, upside down pinocchio*, legend, lost legend, sátira, satira, opinión, opinião, сатира, шутка,
        жарт, satyra, parodie, satiriskt, hiciv, ساخر*, व्यंग्य
    """,
    "false": """
        false*, falsehood, fake*, not true, untrue, isn t true, wasn t true, incorrect, not correct, inaccurate,
        not accurate, wrong*, pants on fire, pants on, hoax*, scam*, fraud*, fabricat*, made up, bogus, lie,
        lies, lying, debunked, altered, doctored, photoshopped, edited, manipulated, digitally*, deepfake*,
        deep fake, ai generated, generated by ai, staged, misattributed, incorrectly attributed, refuted, myth,
        nonsense, didn t happen, did not happen, never happened, never said, did not say, didn t say,
        three pinocchio*, 3 pinocchio*, four pinocchio*, 4 pinocchio*, bottomless pinocchio*, disinformation,
        misinformation, imposter, impostor, faux, fausse*, pas vrai, inexact*, mensonge*, mensonger*, intox,
        désinformation, infox, canular, arnaque, truqué*, erroné*, incorrect*, falsifié*, faux*, falso, falsa,
        falsos, falsas, bulo, mentira, no es verdad, no es cierto, no es verdadero, incorrecto, erróneo,
        manipulado, manipulada, montaje, estafa, timo, desinformación, es inexacto, fals, enganyós, mentida,
        boato, não é verdade, não é verdadeir*, incorreto, errado, adulterad*, montagem, desinformação, golpe,
        é falso, bufala, non è vero, notizia falsa, errat*, scorrett*, inventat*, bugiard*, falsch*, unwahr,
        stimmt nicht, nicht wahr, nicht korrekt, frei erfunden, erfunden, lüge, fälschung, gefälscht,
        manipuliert, falschmeldung, nicht richtig, unzutreffend, betrug, widerlegt, onwaar, niet waar, vals,
        onjuist, nep, nepnieuws, klopt niet, fout, verzonnen, gemanipuleerd, bedrog, ongegrond, лож*, ложн*,
        неправд*, фейк*, фэйк*, неверн*, не верн*, недостоверн*, не соответствует, не правда, выдум*, вранье,
        враньё, обман*, подделк*, дезинформац*, опроверг*, вымыс*, фальшив*, ошибочн*, миф, утка, это не так,
        постановк*, фотошоп*, хибн*, брехн*, невірн*, недостовірн*, не відповідає, вигад*, підробк*,
        дезінформац*, спростован*, міф, шахрай*, помилков*, невярно, неистина, не е вярно, лъжа, лъжлив*,
        грешно, фалшив*, лаж*, нетачн*, неистин*, fałsz*, nieprawd*, nie jest prawdą, kłamstwo, zmyślon*, fejk,
        nepravd*, nie je pravda, není pravda, lež, podvod, laž*, netačn*, netočn*, neistin*, nije točno,
        nije tačno, neresničn*, ni res, lažn*, dezinformacij*, falsă, falsuri, minciună, neadevăr*,
        dezinformare, hamis*, nem igaz, valótlan*, álhír, kamu, falskt, falsk, felaktig*, osant, inte sant, fel,
        lögn, påhittat, feil, usant, usann*, ikke sant, helt feil, forkert, urigtig*, løgn, väärin, väärä*,
        ei pidä paikkaansa, valhe, vale, väär, ei vasta tõele, nepaties*, meli, melīg*, melas, netiesa,
        melaging*, yanlış, yanliş, sahte, uydurma, yalan, doğru değil, hoaks, salah, palsu, keliru, bohong,
        tidak benar, disinformasi, ψευδ*, ψέμα*, λάθος, ανακριβ*, κατασκευασμέν*, δεν ισχύει, خطأ, خاطئ*, كاذب*,
        زائف*, مزيف*, مفبرك*, غير صحيح*, غير دقيق*, نادرست, دروغ, جعلی, שקר*, לא נכון, שגוי, כוזב, פייק, झूठ*,
        गलत, ग़लत, फर्जी, फ़र्ज़ी, फेक, असत्य, মিথ্যা, ভুয়া, 錯誤, 错误, 不實, 不实, 假的, 虛假, 虚假, 假訊息,
        谣言, 謠言, 伪造, 偽造, 誤り, 誤情報, 虚偽, デマ, フェイク, 偽, 거짓, 사실 아님, 사실이 아님,
        사실과 다름, 사실무근, 허위, ปลอม, เท็จ, không đúng, sai sự thật, tin giả, sai
    """,
    "true": """
        true, truth, correct*, accurate*, confirmed, verified, authentic, legit*, geppetto*, vrai*, exact,
        exacte, avéré*, véridique*, confirmé*, verdad*, cierto, cierta, correcto, correcta, confirmado, exato,
        certo, comprovado, correto, é verdade, vero, vera, verità, corrett*, confermat*, wahr, richtig*, stimmt,
        korrekt, zutreffend, belegt, waar, juist, klopt, correct, правд*, верно, достоверн*, подтвержд*,
        соответствует, істин*, вірно, правильн*, достовірн*, підтвердж*, відповідає, истин*, вярно, тачно,
        вистина, prawd*, pravd*, istin*, tačno, točno, resnič*, adevăr*, corect*, igaz*, valós, sant, sann,
        sanna, sandt, riktig*, rigtig*, totta, oikein, õige, tõsi, paties*, tiesa, doğru, dogru, gerçek*, benar,
        αληθ*, αλήθεια, ισχύει, صحيح*, حقيقي*, درست, נכון, אמת, सच*, सही, सत्य, সত্য, 正確, 正确, 屬實, 属实,
        真實, 真实, 事實, 事实, 事実, ほぼ正確, 대체로 사실, 사실, จริง, đúng
    """,
}

BETWEEN_WORDS = re.compile(r"[\s\-‐-―_'’ʼ`´]+")
NUMBER = re.compile(r"(-?\d+(?:[.,]\d+)?)(?:\s*/\s*(\d+(?:[.,]\d+)?))?")
WRITTEN_WITHOUT_SPACES = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]")


def read_rating(text: str | None, value: Number = None, worst: Number = None, best: Number = None) -> Rating | None:
    """Return the verdict that the words give, else the one of the number on its scale; None where nothing was said.

    "other" is a verdict whose words are unknown. A number alone counts where it lies on its scale of `worst` to `best`
    (1 to 5 where unsaid, upside down too); -1 and 0 are no numbers, as publishers send them for "none".
    """
    words = next((said for said in (text, value) if isinstance(said, str) and _has_words(said)), None)
    if words and (verdict := _verdict(words[:MAX_VERDICT_CHARS])):
        return verdict
    on_scale = _on_scale(value if _number(value) is not None else text, worst, best)
    if on_scale is None:
        return "other" if words else None
    return "false" if on_scale <= FALSE_UP_TO else "true" if on_scale >= TRUE_FROM else "misleading"


@lru_cache(maxsize=4096)  # a publisher says the same few things
def _verdict(words: str) -> Rating | None:
    met = VERDICT.search(_as_compared(words))
    return RATING_OF_GROUP[met.lastgroup] if met is not None and met.lastgroup is not None else None


def _has_words(text: str) -> bool:
    return any(map(str.isalpha, text))


def _on_scale(value: Number, worst: Number, best: Number) -> float | None:
    """Return where the number lies between worst (0.0) and best (1.0); None when it does not."""
    number = _number(value)
    low, high = _number(worst), _number(best)
    low = DEFAULT_WORST if low is None else low
    high = (_denominator(value) or DEFAULT_BEST) if high is None else high
    if number is None or number in NOT_CHOSEN or low == high or not min(low, high) <= number <= max(low, high):
        return None
    return (number - low) / (high - low)


def _number(value: Number) -> float | None:
    """Return the number that a feed states as a number or as text, "4,5" and "3/5" too; None when it is none."""
    if isinstance(value, str):
        written = NUMBER.fullmatch(value.strip())
        return float(written[1].replace(",", ".")) if written else None
    if value is None or isinstance(value, bool):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:  # a number of more than 300 digits
        return None


def _denominator(value: Number) -> float | None:
    written = NUMBER.fullmatch(value.strip()) if isinstance(value, str) else None
    return float(written[2].replace(",", ".")) if written and written[2] else None


def _as_compared(text: str) -> str:
    """Return the text in lower case and compatible forms, its words parted by single spaces."""
    return BETWEEN_WORDS.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip()


def _alternatives(phrases: str) -> str:
    """Return a regular expression of the phrases, which stand between words unless their script parts none."""
    bounded, free = [], []
    for phrase in filter(None, map(str.strip, phrases.split(","))):
        stem = re.escape(_as_compared(phrase.removesuffix("*")))
        if WRITTEN_WITHOUT_SPACES.search(phrase):
            free.append(stem)
        else:
            bounded.append(stem if phrase.endswith("*") else rf"{stem}(?!\w)")
    return "|".join([rf"(?<!\w)(?:{'|'.join(bounded)})", *free])


RATING_OF_GROUP: dict[str, Rating] = {f"as_{rating}": rating for rating in VERDICTS}
VERDICT = re.compile("|".join(f"(?P<as_{rating}>{_alternatives(phrases)})" for rating, phrases in VERDICTS.items()))
