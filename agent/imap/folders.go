package imap

import (
	"context"
	"strings"

	goimap "github.com/emersion/go-imap/v2"

	"postrider/offline"
)

// Folders lists the folders with what they are for.
func (m *Mailbox) Folders(ctx context.Context) ([]offline.Folder, error) {
	const op = "list the folders"
	var list []*goimap.ListData
	_, err := m.first(ctx, op, func(s *session) error {
		defer s.bind(ctx)()
		var opts *goimap.ListOptions
		if s.caps["SPECIAL-USE"] && s.caps["LIST-EXTENDED"] {
			opts = &goimap.ListOptions{ReturnSpecialUse: true}
		}
		var err error
		list, err = s.c.List("", "*", opts).Collect()
		return s.fault(ctx, op, err, offline.FaultServer)
	})
	if err != nil {
		return nil, err
	}
	var folders []offline.Folder
	seen := map[string]bool{}
	for _, d := range list {
		if d.Mailbox == "" || seen[d.Mailbox] {
			continue
		}
		seen[d.Mailbox] = true
		f := offline.Folder{Name: d.Mailbox, Role: roleOf(d.Mailbox, d.Attrs)}
		if d.Delim != 0 {
			f.Delimiter = string(d.Delim)
		}
		for _, a := range d.Attrs {
			if a == goimap.MailboxAttrNoSelect || a == goimap.MailboxAttrNonExistent {
				f.NoSelect = true
			}
		}
		folders = append(folders, f)
	}
	byName(folders)
	return folders, nil
}

// roleOf is what the server says a folder is for (RFC 6154).
func roleOf(name string, attrs []goimap.MailboxAttr) offline.FolderRole {
	if strings.EqualFold(name, "INBOX") {
		return offline.RoleInbox
	}
	for _, a := range attrs {
		switch a {
		case goimap.MailboxAttrSent:
			return offline.RoleSent
		case goimap.MailboxAttrDrafts:
			return offline.RoleDrafts
		case goimap.MailboxAttrArchive, goimap.MailboxAttrAll:
			return offline.RoleArchive
		case goimap.MailboxAttrJunk:
			return offline.RoleJunk
		case goimap.MailboxAttrTrash:
			return offline.RoleTrash
		}
	}
	return offline.RoleOther
}

// names are what mail programs and providers call folders that have no
// special-use attribute, the surest first.
var names = map[offline.FolderRole][]string{
	offline.RoleSent: {
		"Sent", "Sent Items", "Sent Messages", "Sent Mail", "Gesendet", "Gesendete Elemente", "Gesendete Objekte", "Odeslané", "Odeslaná pošta", "Odoslané", "Odoslaná pošta",
		"Envoyés", "Éléments envoyés", "Messages envoyés", "Enviados", "Elementos enviados", "Itens Enviados", "Posta inviata", "Inviati", "Verzonden", "Verzonden items", "Wysłane",
		"Elementy wysłane", "Skickat", "Skickade objekt", "Sendte elementer", "Sendt post", "Sendt", "Lähetetyt", "Elküldött", "Elküldött elemek", "Отправленные", "Надіслані",
		"已发送", "已发送邮件", "寄件備份", "送信済み", "送信済みアイテム", "보낸 편지함",
	},
	offline.RoleDrafts:  {"Drafts", "Draft", "Entwürfe", "Koncepty", "Rozepsané", "Brouillons", "Borradores", "Rascunhos", "Bozze", "Concepten", "Kopie robocze", "Szkice", "Utkast", "Черновики", "草稿", "下書き"},
	offline.RoleTrash:   {"Trash", "Deleted Items", "Deleted Messages", "Deleted", "Bin", "Papierkorb", "Gelöschte Elemente", "Koš", "Kôš", "Odstraněná pošta", "Corbeille", "Papelera", "Lixeira", "Cestino", "Prullenbak", "Kosz", "Papperskorgen", "Корзина", "已删除邮件", "ゴミ箱"},
	offline.RoleJunk:    {"Junk", "Spam", "Junk E-mail", "Junk Email", "Junk Mail", "Bulk Mail", "Spamverdacht", "Nevyžádaná pošta", "Indésirables", "Correo no deseado", "Posta indesiderata", "Ongewenste e-mail", "Skräppost", "Спам", "垃圾邮件", "迷惑メール"},
	offline.RoleArchive: {"Archive", "Archives", "Archiv", "Archív", "Archivo", "Archivio", "Archief", "Archiwum", "All Mail", "Arkiv", "Архив"},
}

// byName gives roles by name where no folder has them by attribute.
func byName(folders []offline.Folder) {
	taken := map[offline.FolderRole]bool{}
	for _, f := range folders {
		taken[f.Role] = true
	}
	for role, list := range names {
		if taken[role] {
			continue
		}
		best, rank := -1, len(list)
		for i, f := range folders {
			if f.Role != offline.RoleOther || f.NoSelect {
				continue
			}
			for r, name := range list[:rank] {
				if strings.EqualFold(ownName(f), name) {
					best, rank = i, r
					break
				}
			}
		}
		if best >= 0 {
			folders[best].Role = role
		}
	}
}

// ownName is a folder's name without the personal namespace that some servers
// put before it ("INBOX.Sent"); a deeper one is somebody's own.
func ownName(f offline.Folder) string {
	if f.Delimiter == "" {
		return f.Name
	}
	for _, prefix := range []string{"INBOX", "[Gmail]", "[Google Mail]", "Mail"} {
		if rest := prefix + f.Delimiter; len(f.Name) > len(rest) && strings.EqualFold(f.Name[:len(rest)], rest) {
			return f.Name[len(rest):]
		}
	}
	return f.Name
}
