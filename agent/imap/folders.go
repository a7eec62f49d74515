package imap

import (
	"context"
	"strings"

	"postrider/agent/mailserver"
	"postrider/offline"
)

// Folders lists the folders with what they are for, and where the server has
// them, with ids that stay through a rename.
func (m *Mailbox) Folders(ctx context.Context) (folders []offline.Folder, err error) {
	const op = "list the folders"
	free, err := m.holdMain(ctx, op)
	if err != nil {
		return nil, err
	}
	defer free()
	_, err = m.first(ctx, op, func(s *session) error {
		folders, err = s.folders(ctx, op)
		return err
	})
	if err != nil {
		return nil, err
	}
	byName(folders)
	return folders, nil
}

func (s *session) folders(ctx context.Context, op string) ([]offline.Folder, error) {
	var want []string
	if s.caps["SPECIAL-USE"] && s.caps["LIST-EXTENDED"] {
		want = append(want, "SPECIAL-USE")
	}
	object := s.objectItem()
	inList := object != "" && s.caps["LIST-STATUS"] && !s.noListStatus
	if inList {
		want = append(want, "STATUS ("+object+")")
	}
	line := `LIST "" "*"`
	if len(want) > 0 {
		line += " RETURN (" + strings.Join(want, " ") + ")"
	}
	x, err := s.ask(ctx, op, line)
	if err != nil {
		return nil, err
	}
	if a := x.answers[0]; a.result != "OK" && inList {
		s.noListStatus = true
		return s.folders(ctx, op)
	}
	if err := x.answers[0].refusal(op, offline.FaultServer); err != nil {
		return nil, err
	}
	folders := readFolders(x.untagged, s.w.alert)
	if object != "" && !inList {
		if x, err = s.ask(ctx, op, objectQuestions(folders, object)...); err != nil {
			return nil, err
		}
	}
	identify(folders, x.untagged)
	return folders, nil
}

// objectQuestions ask for the id of each folder.
func objectQuestions(folders []offline.Folder, object string) (lines []string) {
	for _, f := range folders {
		if !f.NoSelect {
			lines = append(lines, "STATUS "+mailboxArg(f.Name)+" ("+object+")")
		}
	}
	return lines
}

// identify gives folders their ids. One that two have is nobody's.
func identify(folders []offline.Folder, untagged []string) {
	ids, count := map[string]string{}, map[string]int{}
	for _, line := range untagged {
		if st, ok := readStatus(line); ok && st.ObjectID != "" && ids[st.Name] == "" {
			ids[st.Name] = st.ObjectID
			count[st.ObjectID]++
		}
	}
	for i := range folders {
		if id := ids[canonical(folders[i].Name)]; count[id] == 1 {
			folders[i].ObjectID = id
		}
	}
}

// readFolders reads LIST responses. A folder whose name is not modified UTF-7
// (RFC 3501 section 5.1.3) could not be opened and is left out.
func readFolders(untagged []string, alert func(string)) []offline.Folder {
	var folders []offline.Folder
	seen := map[string]bool{}
	for _, line := range untagged {
		if word, _, _ := strings.Cut(line, " "); !strings.EqualFold(word, "LIST") {
			continue
		}
		l, ok := readList(line)
		if !ok || !goodName(l.name) {
			alert("the folder " + mailserver.Printable(l.name) + " has a name that can't be read; it is left out")
			continue
		}
		name := canonical(decodeName(l.name))
		if name == "" || seen[name] {
			continue
		}
		seen[name] = true
		folders = append(folders, offline.Folder{
			Name: name, Delimiter: l.delim, Role: roleOf(name, &l), NoSelect: l.has(`\NoSelect`) || l.has(`\NonExistent`),
		})
	}
	return folders
}

// roleOf is what the server says a folder is for (RFC 6154).
func roleOf(name string, l *listing) offline.FolderRole {
	if name == "INBOX" {
		return offline.RoleInbox
	}
	for _, r := range []struct {
		attr string
		role offline.FolderRole
	}{
		{`\Sent`, offline.RoleSent}, {`\Drafts`, offline.RoleDrafts}, {`\Archive`, offline.RoleArchive}, {`\All`, offline.RoleArchive},
		{`\Junk`, offline.RoleJunk}, {`\Trash`, offline.RoleTrash},
	} {
		if l.has(r.attr) {
			return r.role
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
