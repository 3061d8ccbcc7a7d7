package text

import (
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"
)

// dates is how languages write a date, with the months in the case that a date asks for: the long form of CLDR 48.
// D, M and Y in the pattern stand for day, month and year. Without names the month is its number.
var dates = map[string]struct{ pattern, months string }{
	"en":      {"M D, Y", "January|February|March|April|May|June|July|August|September|October|November|December"},
	"en-GB":   {"D M Y", "January|February|March|April|May|June|July|August|September|October|November|December"},
	"ar":      {"D M Y", "يناير|فبراير|مارس|أبريل|مايو|يونيو|يوليو|أغسطس|سبتمبر|أكتوبر|نوفمبر|ديسمبر"},
	"bg":      {"D M Y г.", "януари|февруари|март|април|май|юни|юли|август|септември|октомври|ноември|декември"},
	"cs":      {"D. M Y", "ledna|února|března|dubna|května|června|července|srpna|září|října|listopadu|prosince"},
	"da":      {"D. M Y", "januar|februar|marts|april|maj|juni|juli|august|september|oktober|november|december"},
	"de":      {"D. M Y", "Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember"},
	"el":      {"D M Y", "Ιανουαρίου|Φεβρουαρίου|Μαρτίου|Απριλίου|Μαΐου|Ιουνίου|Ιουλίου|Αυγούστου|Σεπτεμβρίου|Οκτωβρίου|Νοεμβρίου|Δεκεμβρίου"},
	"es":      {"D de M de Y", "enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre"},
	"et":      {"D. M Y", "jaanuar|veebruar|märts|aprill|mai|juuni|juuli|august|september|oktoober|november|detsember"},
	"fi":      {"D. M Y", "tammikuuta|helmikuuta|maaliskuuta|huhtikuuta|toukokuuta|kesäkuuta|heinäkuuta|elokuuta|syyskuuta|lokakuuta|marraskuuta|joulukuuta"},
	"fr":      {"D M Y", "janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre"},
	"ga":      {"D M Y", "Eanáir|Feabhra|Márta|Aibreán|Bealtaine|Meitheamh|Iúil|Lúnasa|Meán Fómhair|Deireadh Fómhair|Samhain|Nollaig"},
	"he":      {"D בM Y", "ינואר|פברואר|מרץ|אפריל|מאי|יוני|יולי|אוגוסט|ספטמבר|אוקטובר|נובמבר|דצמבר"},
	"hr":      {"D. M Y.", "siječnja|veljače|ožujka|travnja|svibnja|lipnja|srpnja|kolovoza|rujna|listopada|studenoga|prosinca"},
	"hu":      {"Y. M D.", "január|február|március|április|május|június|július|augusztus|szeptember|október|november|december"},
	"it":      {"D M Y", "gennaio|febbraio|marzo|aprile|maggio|giugno|luglio|agosto|settembre|ottobre|novembre|dicembre"},
	"ja":      {"Y年M月D日", ""},
	"ko":      {"Y년 M D일", "1월|2월|3월|4월|5월|6월|7월|8월|9월|10월|11월|12월"},
	"lt":      {"Y m. M D d.", "sausio|vasario|kovo|balandžio|gegužės|birželio|liepos|rugpjūčio|rugsėjo|spalio|lapkričio|gruodžio"},
	"lv":      {"Y. gada D. M", "janvāris|februāris|marts|aprīlis|maijs|jūnijs|jūlijs|augusts|septembris|oktobris|novembris|decembris"},
	"mt":      {"D ta’ M Y", "Jannar|Frar|Marzu|April|Mejju|Ġunju|Lulju|Awwissu|Settembru|Ottubru|Novembru|Diċembru"},
	"nb":      {"D. M Y", "januar|februar|mars|april|mai|juni|juli|august|september|oktober|november|desember"},
	"nl":      {"D M Y", "januari|februari|maart|april|mei|juni|juli|augustus|september|oktober|november|december"},
	"no":      {"D. M Y", "januar|februar|mars|april|mai|juni|juli|august|september|oktober|november|desember"},
	"pl":      {"D M Y", "stycznia|lutego|marca|kwietnia|maja|czerwca|lipca|sierpnia|września|października|listopada|grudnia"},
	"pt":      {"D de M de Y", "janeiro|fevereiro|março|abril|maio|junho|julho|agosto|setembro|outubro|novembro|dezembro"},
	"ro":      {"D M Y", "ianuarie|februarie|martie|aprilie|mai|iunie|iulie|august|septembrie|octombrie|noiembrie|decembrie"},
	"ru":      {"D M Y г.", "января|февраля|марта|апреля|мая|июня|июля|августа|сентября|октября|ноября|декабря"},
	"sk":      {"D. M Y", "januára|februára|marca|apríla|mája|júna|júla|augusta|septembra|októbra|novembra|decembra"},
	"sl":      {"D. M Y", "januar|februar|marec|april|maj|junij|julij|avgust|september|oktober|november|december"},
	"sv":      {"D M Y", "januari|februari|mars|april|maj|juni|juli|augusti|september|oktober|november|december"},
	"tr":      {"D M Y", "Ocak|Şubat|Mart|Nisan|Mayıs|Haziran|Temmuz|Ağustos|Eylül|Ekim|Kasım|Aralık"},
	"uk":      {"D M Y р.", "січня|лютого|березня|квітня|травня|червня|липня|серпня|вересня|жовтня|листопада|грудня"},
	"zh":      {"Y年M月D日", ""},
	"zh-Hant": {"Y年M月D日", ""},
}

// Date is a date as the language writes it; where we do not know how, it is one that nobody can misread.
func (c *Catalog) Date(l Language, t time.Time) string {
	for tag := language.Make(l.tag); tag != language.Und; tag = tag.Parent() {
		d, ok := dates[tag.String()]
		if !ok {
			continue
		}
		month := strconv.Itoa(int(t.Month()))
		if names := strings.Split(d.months, "|"); len(names) == 12 {
			month = names[t.Month()-1]
		}
		return strings.NewReplacer("D", strconv.Itoa(t.Day()), "M", month, "Y", strconv.Itoa(t.Year())).Replace(d.pattern)
	}
	return t.Format(time.DateOnly)
}
