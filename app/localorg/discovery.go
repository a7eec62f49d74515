package localorg

import (
	"net/http"
	"strings"
)

// discover plays the global discovery service, which here knows one
// organization.
func (o *Org) discover(r *http.Request, user, path string) *answer {
	if user = o.caller(r, user); user == "" {
		return (&answer{status: http.StatusUnauthorized}).set("WWW-Authenticate", "Bearer authorization_uri="+origin(r)+"/common/oauth2/authorize, resource_id="+origin(r)+"/")
	}
	if r.Method != http.MethodGet {
		return answerTo(wrongVerb(r.Method), nil)
	}
	segs, err := splitPath(path)
	if err != nil || len(segs) != 1 || segs[0].name != "Instances" {
		return answerTo(noSegment(strings.Trim(path, "/")), nil)
	}
	req := &request{method: r.Method, rawQuery: r.URL.RawQuery, base: origin(r) + "/api/discovery/v2.0/"}
	o.mu.RLock()
	defer o.mu.RUnlock()
	req.t = o.begin(user)
	me := o.instance(r, req.t)
	var a *answer
	if key := segs[0]; key.keyed {
		name, value, named := strings.Cut(key.key, "=")
		value = strings.Trim(value, "'")
		if !(key.key == o.id || named && name == "UniqueName" && value == me["UniqueName"]) {
			return answerTo(missing("Instance", key.key), nil)
		}
		a, err = req.describeOne("Instances", me)
	} else {
		all := []any{me}
		if req.t.checkCaller(r.Header) != nil {
			all = nil // disabled users find nothing
		}
		a, err = req.describeList("Instances", all)
	}
	if err != nil {
		return answerTo(err, nil)
	}
	return a
}

func (o *Org) instance(r *http.Request, t *tx) map[string]any {
	name, _ := t.setting("name").(string)
	return map[string]any{"Id": o.id, "UniqueName": "local", "UrlName": "local", "FriendlyName": name, "State": int64(0), "Version": "9.2.0.0", "Url": origin(r), "ApiUrl": origin(r),
		"LastUpdated": t.now.String(), "Region": "local", "TenantId": o.id, "EnvironmentId": o.id, "OrganizationType": int64(0), "IsUserSysAdmin": false}
}
