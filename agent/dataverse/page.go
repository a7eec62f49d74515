package dataverse

import (
	"net/url"
	"strings"

	"postrider/offline"
)

// RecordURL is the page of a record for a browser, as the vendor's page "Open
// apps, forms, views, dialogs, and reports with a URL" describes it; without an
// app named, the organization opens the one that the user last used. It is ""
// where the kind is not known, the id is no GUID, or the organization has no
// pages because it answers in clear text on this computer. It asks nobody.
func (c *Client) RecordURL(r offline.Ref) string {
	t, ok := c.tableOf(r.Kind)
	logical := t.logical
	if !ok {
		if others[r.Kind] == "" {
			return ""
		}
		logical = string(r.Kind)
	}
	if !wholeGUID.MatchString(r.ID) || !strings.HasPrefix(c.origin, "https://") {
		return ""
	}
	q := url.Values{"pagetype": {"entityrecord"}, "etn": {logical}, "id": {strings.ToLower(r.ID)}}
	return c.origin + c.prefix + "/main.aspx?" + q.Encode()
}
