package offline

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
)

func folderKey(id FolderID) []byte { return binary.BigEndian.AppendUint32(nil, uint32(id)) }

// Folders returns all folders: the inbox, the sent folder, then the others by
// name.
func (tx *Tx) Folders() ([]Folder, error) {
	var all []Folder
	var err error
	tx.scan(bFolders, nil, func(k, v []byte) bool {
		var plain []byte
		if plain, err = tx.open(bFolders, k, v, 0); err != nil {
			return false
		}
		var f Folder
		err = tx.decodeJSON(bFolders, k, plain, &f)
		all = append(all, f)
		return err == nil
	})
	slices.SortFunc(all, func(a, b Folder) int {
		return cmp.Or(
			cmp.Compare(folderRank(a.Role), folderRank(b.Role)),
			strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)),
			cmp.Compare(a.ID, b.ID))
	})
	return all, err
}

func folderRank(r FolderRole) int {
	switch r {
	case RoleInbox:
		return 0
	case RoleSent:
		return 1
	}
	return 2
}

// Folder returns a folder, or ErrNotFound.
func (tx *Tx) Folder(id FolderID) (Folder, error) {
	var f Folder
	ok, err := tx.getJSON(bFolders, folderKey(id), &f)
	if err == nil && !ok {
		err = fmt.Errorf("folder %d: %w", id, ErrNotFound)
	}
	return f, err
}

// FolderByName returns the folder of that full name, or ErrNotFound.
func (tx *Tx) FolderByName(name string) (Folder, error) {
	all, err := tx.Folders()
	if err != nil {
		return Folder{}, err
	}
	for _, f := range all {
		if f.Name == name {
			return f, nil
		}
	}
	return Folder{}, fmt.Errorf("folder %q: %w", name, ErrNotFound)
}

// PutFolder stores a folder; ID 0 gives it a new one. A name that another
// folder has is ErrExists.
func (tx *Tx) PutFolder(f *Folder) error {
	if err := tx.write(); err != nil {
		return err
	}
	if f.Name == "" {
		return fmt.Errorf("put a folder: it has no name")
	}
	switch other, err := tx.FolderByName(f.Name); {
	case err == nil && other.ID != f.ID:
		return fmt.Errorf("put folder %q: it is folder %d: %w", f.Name, other.ID, ErrExists)
	case err != nil && !isNotFound(err):
		return err
	}
	if f.ID == 0 {
		n, err := tx.next(bFolders)
		if err != nil {
			return err
		}
		if n > math.MaxUint32 {
			return tx.fail(fmt.Errorf("put folder %q: no numbers left", f.Name))
		}
		f.ID = FolderID(n)
	} else if !tx.has(bFolders, folderKey(f.ID)) {
		return fmt.Errorf("put folder %d: %w", f.ID, ErrNotFound)
	}
	tx.notice.Folders = true
	return tx.putJSON(bFolders, folderKey(f.ID), f)
}
