package parse

import (
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// TestGuess reads texts whose charset nobody names: short ones too, as a subject is.
func TestGuess(t *testing.T) {
	for _, c := range []struct {
		name  string
		as    encoding.Encoding
		texts string // parted by bars
	}{
		{"Western", charmap.Windows1252, "Größe|Grüße aus München|Übergabe|FÜR ALLE|Spaß|10 €|don’t|“Hello” he said|It’s late – sorry|Clé perdue|Où est-il ?|l’été|« Bonjour »|Il est à Paris|À bientôt|¿Qué pasó?|¡Ayuda!|perché è così|martedì|São Paulo não|§ 5 Abs. 2|25°C|© 2026 ACME|Ångström på fjäll|Jørn"},
		{"Russian", charmap.Windows1251, "Вопрос|Помогите|ПРИВЕТ|МОСКВА|Счёт|Не работает|ОШИБКА 404|№ 5|«Привет»|Тест test тест|Не открывается файл Setup|Иван Петров"},
		{"Russian of old", charmap.KOI8R, "Вопрос|Помогите|ПРИВЕТ|МОСКВА|Счёт|Не работает|ОШИБКА 404|Тест test тест|Не открывается файл Setup|Иван Петров"},
		{"Ukrainian", charmap.KOI8U, "Коли буде відправлено моє замовлення?"},
		{"Russian of DOS", charmap.CodePage866, "Здравствуйте! Не могу войти|Не открывается файл"},
		{"Polish", charmap.Windows1250, "Usługa nie działa|Dziękuję|książka|Dzień dobry, nie mogę się zalogować|Zamówiłem ją w środę"},
		{"Polish of ISO", charmap.ISO8859_2, "Usługa nie działa|Dziękuję|książka|Dzień dobry, nie mogę się zalogować|Zamówiłem ją w środę"},
		{"German of DOS", charmap.CodePage850, "Schöne Grüße, Jürgen Müller|Die Lieferung ist beschädigt. Bitte um Rückruf."},
		{"German of an old Mac", charmap.Macintosh, "Schöne Grüße, Jürgen Müller|Die Lieferung ist beschädigt. Bitte um Rückruf."},
		{"Greek", charmap.Windows1253, "Καλημέρα|Παραγγελία"},
		{"Turkish", charmap.Windows1254, "Sipariş|değişiklik|Hesabıma giriş yapamıyorum"},
		{"Hebrew", charmap.Windows1255, "איפה ההזמנה שלי? תודה רבה"},
		{"Chinese", simplifiedchinese.GBK, "你好|测试|无法登录|合同文件|订单问题 Order 4711|请问订单4711什么时候发货?"},
		{"Chinese of Taiwan", traditionalchinese.Big5, "您好|測試|無法登入|報價單|請問訂單4711什麼時候出貨?"},
		{"Japanese", japanese.ShiftJIS, "テスト|注文について|ありがとうございます|お問い合わせ"},
		{"Japanese of Unix", japanese.EUCJP, "テスト|注文について|ありがとうございます|お問い合わせ"},
		{"Korean", korean.EUCKR, "테스트|안녕하세요|로그인 문제|주문 4711 배송이 언제 되나요?"},
	} {
		for text := range strings.SplitSeq(c.texts, "|") {
			raw, err := c.as.NewEncoder().Bytes([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			for _, declared := range []string{"", "us-ascii", "x-none"} {
				if got, note := toUTF8(raw, declared); got != text {
					t.Errorf("%s, declared %q: got %q (%s), want %q", c.name, declared, got, note, text)
				}
			}
			long := strings.Repeat("no letters to tell by. ", 100) + text
			if raw, err = c.as.NewEncoder().Bytes([]byte(long)); err != nil {
				t.Fatal(err)
			}
			if got, _ := toUTF8(raw, ""); got != long {
				t.Errorf("%s: got %q behind much of ASCII, want %q", c.name, got[max(0, len(got)-40):], text)
			}
		}
	}
}
