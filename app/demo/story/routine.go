package story

import (
	"fmt"
	"html"
	"math/rand/v2"
	"strings"
	"time"
)

// routine is the mail that nobody writes by hand: newsletters, order
// confirmations, notifications, invitations, automatic replies, a bounce.
func (t *teller) routine() []*draft {
	var out []*draft
	add := func(name string, day int, hour float64, d *draft) {
		d.name, d.days, d.hour = name, day, time.Duration(hour*float64(time.Hour))
		if d.to == nil {
			d.to = []*Person{t.byKey["ann"]}
		}
		if d.options == nil {
			d.options = map[string]string{}
		}
		out = append(out, d)
	}
	for i := range 8 {
		add(fmt.Sprint("r-weekly-", i), 3+i*11, 6.2, t.weekly(i))
	}
	for i := range 4 {
		add(fmt.Sprint("r-fach-", i), 8+i*21, 5.5, t.trade(i))
	}
	for i := range 4 {
		add(fmt.Sprint("r-order-", i), 6+i*22, 14.4, t.order(i))
		add(fmt.Sprint("r-parcel-", i), 4+i*22, 9.1, t.parcel(i))
	}
	for i := range 4 {
		add(fmt.Sprint("r-erp-", i), 5+i*21, 4, t.openOrders(i))
	}
	for i, caller := range []string{"+44 114 555 0160 (Northgate Hydraulics)", "+49 7461 555 112", "unknown"} {
		add(fmt.Sprint("r-call-", i), 2+i*19, 11.7, notice("Missed call", "phone@alder.example", "Missed call from "+caller,
			"You missed a call from "+caller+". No message was left.\n\nThe Alder telephone system"))
	}
	ann, mikael, ilse := t.byKey["ann"], t.byKey["mikael"], t.byKey["ilse"]
	add("r-invite-1", 30, 10.1, &draft{from: mikael, to: []*Person{ann, ilse}, subject: "Invitation: Moravia visits Eksjö", invite: "REQUEST",
		text: "Visit of Moravia Nástroje: welcome, test stand, lunch, contract. Please keep the afternoon free.", options: map[string]string{"charset": "utf-8/qp"}})
	add("r-invite-2", 11, 15.2, &draft{from: t.byKey["purch2"], to: []*Person{ann}, cc: []*Person{t.byKey["ashworth"]}, subject: "Invitation: Turning cell, commercial review", invite: "REQUEST",
		text: "Call to go through quotation 2263 line by line."})
	add("r-accept", 29, 8.6, &draft{from: t.byKey["svobodova"], to: []*Person{ann}, subject: "Accepted: Moravia visits Eksjö", invite: "REPLY",
		text: "Tereza Svobodová accepted the invitation.", options: map[string]string{"charset": "utf-8/base64"}})
	add("r-away-1", 41, 14.05, t.away("grosse", "m5-offer", "Automatische Antwort: ",
		"Ich bin bis einschließlich Montag nicht im Büro. In dringenden Fällen wenden Sie sich bitte an Frau Koch. Ihre Nachricht wird nicht weitergeleitet."))
	add("r-away-2", 25, 15.6, t.away("purch1", "price-3", "Out of office: ", "I am on leave for three weeks. Priya Raman looks after my tenders meanwhile."))
	add("r-away-3", 27, 15.3, t.away("lefevre", "train-offer", "Réponse automatique : ", "Absente jusqu'à lundi, je vous répondrai à mon retour."))
	lost := Stranger("Ewa Kamińska", "e.kaminska@wartametal.example")
	add("r-lost", 46, 9.4, &draft{from: ann, to: []*Person{lost}, subject: "Catalogue and price list", text: "Dear Ms Kamińska,\n\nplease find our catalogue under the link below. I look forward to hearing from you.\n\nhttps://alder.example/catalogue"})
	add("r-bounce", 46, 9.45, bounce("", lost.Addr, "Catalogue and price list", ""))
	for i, place := range []string{"Sheffield", "Brno"} {
		d := notice("Hotell & Tåg", "bokning@resebyran-vida.example", "Bokningsbekräftelse "+place,
			"Tack för din bokning.\n\nResenär: Ann Lindqvist\nMål: "+place+"\nBiljett och hotell finns i bilagan.")
		d.options = map[string]string{"charset": "utf-8/base64", "attach": "pdf:Bokning_" + place + ".pdf"}
		add(fmt.Sprint("r-travel-", i), 77-i*23, 10.9, d)
	}
	for i, window := range []string{"Saturday 06:00 to 10:00: file server", "Sunday 20:00: new telephone system"} {
		d := notice("", "", "Maintenance: "+window, "The service is not available during the window. Save your work on Friday.\n\nIT")
		d.from = t.byKey["itdesk"]
		add(fmt.Sprint("r-it-", i), 13+i*40, 15, d)
	}
	for i, who := range []string{"Marcus Pell", "Sabine Koch"} {
		d := notice("Werkbank", "hello@werkbank.example", who+" wants to connect", who+" would like to add you to the network.")
		d.html = "<html><body><p><b>" + who + "</b> would like to add you to the network.</p><p><a href=\"https://werkbank.example/i\"><img src=\"https://cdn.werkbank.example/b.png\" alt=\"Accept\"></a></p></body></html>"
		add(fmt.Sprint("r-social-", i), 18+i*33, 17.3, d)
	}
	return out
}

// notice is a mail from a program.
func notice(name, addr, subject, text string) *draft {
	return &draft{from: Stranger(name, addr), subject: subject, text: text, head: [][2]string{{"Auto-Submitted", "auto-generated"}}}
}

var headlines = []string{
	"Cermet or carbide? A shop in Ohio tried both for a month", "Why your coolant concentration is wrong on Mondays",
	"Used machines: prices are up again", "Five-axis for small shops: the second spindle decides",
	"Apprentices wanted: what works and what does not", "Bar feeders compared: eight models on one lathe",
	"Dry machining of cast iron, ten years on", "Chip conveyors and the art of not stopping", "Measuring inside the machine without lying to yourself",
	"Ceramic bearings in practice", "From drawing to first part in one shift", "The quiet return of the turret lathe",
}

// weekly is an English newsletter in HTML, with pictures from afar and a pixel
// that would tell its sender who opened it.
func (t *teller) weekly(i int) *draft {
	r := t.rand(fmt.Sprint("weekly", i))
	text, markup := "", ""
	for _, n := range r.Perm(len(headlines))[:4] {
		text += "* " + headlines[n] + "\n  https://metalworking-weekly.example/a/" + fmt.Sprint(n) + "\n\n"
		markup += fmt.Sprintf("<tr><td><img src=\"https://img.metalworking-weekly.example/%d.jpg\" width=\"120\" height=\"80\"></td><td><a href=\"https://metalworking-weekly.example/a/%d\">%s</a></td></tr>\n",
			n, n, html.EscapeString(headlines[n]))
	}
	return &draft{from: Stranger("Metalworking Weekly", "news@metalworking-weekly.example"),
		subject: fmt.Sprintf("Metalworking Weekly #%d: %s", 412-i, headlines[r.IntN(len(headlines))]), text: strings.TrimSpace(text),
		html: "<html><body><h2>Metalworking Weekly</h2><table>\n" + markup + "</table><p style=\"font-size:small\"><a href=\"https://metalworking-weekly.example/u\">Unsubscribe</a></p>" +
			"<img src=\"https://track.metalworking-weekly.example/open?i=" + fmt.Sprint(i) + "\" width=\"1\" height=\"1\"></body></html>",
		head: list("Metalworking Weekly", "weekly.metalworking-weekly.example", "https://metalworking-weekly.example/u")}
}

// trade is a German newsletter in plain text.
func (t *teller) trade(i int) *draft {
	topics := []string{"Normänderung bei Kegelschäften", "Strompreise und Spindelstunden", "Messe: die zehn besten Kleinmaschinen", "Nachwuchs: Zerspaner gesucht"}
	d := &draft{from: Stranger("Zerspanung Heute", "redaktion@zerspanung-heute.example"), subject: "Zerspanung Heute: " + topics[i%len(topics)],
		text:    "Guten Morgen,\n\nunsere Themen in dieser Ausgabe:\n\n- " + strings.Join(topics, "\n- ") + "\n\nViel Vergnügen beim Lesen wünscht\nIhre Redaktion",
		options: map[string]string{"charset": "iso-8859-1/qp"},
		head:    list("Zerspanung Heute", "heute.zerspanung-heute.example", "mailto:ab@zerspanung-heute.example")}
	return d
}

// list are the header fields of a mailing list (RFC 2919, RFC 2369).
func list(name, id, unsubscribe string) [][2]string {
	return [][2]string{{"List-Id", name + " <" + id + ">"}, {"List-Unsubscribe", "<" + unsubscribe + ">"}, {"Precedence", "bulk"}}
}

// order confirms an order that Ann made for the workshop.
func (t *teller) order(i int) *draft {
	r := t.rand(fmt.Sprint("order", i))
	number := 55000 + i*173 + r.IntN(100)
	total := 0
	var lines string
	for _, n := range r.Perm(4)[:2+r.IntN(2)] {
		item := []string{"6205-2RS deep groove bearing", "7010 spindle bearing, pair", "Lithium grease 1 kg", "Retaining rings, box of 100"}[n]
		price, count := 12+n*41, 1+r.IntN(8)
		total += price * count
		lines += fmt.Sprintf("%2d x %-32s %4d.00\n", count, item, price*count)
	}
	return &draft{from: Stranger("Kugelwerk Online", "orders@kugelwerk-online.example"), subject: fmt.Sprintf("Order confirmation %d", number),
		text:    fmt.Sprintf("Thank you for your order %d.\n\n%s\nTotal EUR %d.00, plus freight. We ship within two working days.", number, lines, total),
		options: map[string]string{"attach": fmt.Sprintf("pdf:Order_%d.pdf", number)},
		head:    [][2]string{{"Auto-Submitted", "auto-generated"}, {"X-Order", fmt.Sprint(number)}}}
}

func (t *teller) parcel(i int) *draft {
	r := t.rand(fmt.Sprint("parcel", i))
	number := fmt.Sprintf("KW%09dSE", r.IntN(1_000_000_000))
	d := notice("Paketpost", "noreply@paketpost.example", "Ditt paket "+number+" är på väg",
		"Ditt paket från Kugelwerk Online levereras i morgon mellan 8 och 16.\n\nKolli: "+number)
	d.options = map[string]string{"charset": "utf-8/qp"}
	d.html = "<html><body><p>Ditt paket från <b>Kugelwerk Online</b> levereras i morgon mellan 8 och 16.</p><p>Kolli: " + number +
		"</p><img src=\"https://paketpost.example/logo.png\" alt=\"Paketpost\"></body></html>"
	return d
}

func (t *teller) openOrders(i int) *draft {
	r := rand.New(rand.NewPCG(t.seed, uint64(i)))
	d := notice("Alder ERP", "erp@alder.example", fmt.Sprintf("Open orders, %d lines", 20+r.IntN(30)),
		"The list of open orders of your customers is attached.\n\nThis message was made by the ERP system. Nobody reads answers.")
	d.options = map[string]string{"attach": fmt.Sprintf("csv:open_orders_%d.csv", 3000+i)}
	return d
}

// away is an automatic reply to a mail of Ann's (RFC 3834).
func (t *teller) away(who, to, prefix, text string) *draft {
	return &draft{from: t.byKey[who], re: to, noQuote: true, subject: prefix + "RE", text: text,
		options: map[string]string{"html": "plain", "subjectof": prefix},
		head:    [][2]string{{"Auto-Submitted", "auto-replied"}, {"X-Auto-Response-Suppress", "All"}}}
}
