package localorg

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
)

func TestAnAttachmentComesInBlocks(t *testing.T) {
	w := newWorld(t)
	w.want(w.put(idA, w.email("Offer", "<1@x>")), 204, "")
	target := `"Target":{"@odata.type":"Microsoft.Dynamics.CRM.activitymimeattachment","objectid_email@odata.bind":"/emails(` + idA + `)","objecttypecode":"email","filename":"%s","activitymimeattachmentid":"` + idB + `"}`
	begin := func(name string) reply {
		return w.call("POST", "InitializeAttachmentBlocksUpload", "{"+fmt.Sprintf(target, name)+"}")
	}
	block := func(token, id, data string) reply {
		return w.call("POST", "UploadBlock", fmt.Sprintf(`{"FileContinuationToken":%q,"BlockId":%q,"BlockData":%q}`, token, id, data))
	}
	commit := func(token, ids string) reply {
		return w.call("POST", "CommitAttachmentBlocksUpload", fmt.Sprintf(`{"FileContinuationToken":%q,"BlockList":[%s],`, token, ids)+fmt.Sprintf(target, "a.pdf")+"}")
	}
	b64 := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

	w.want(begin("run.exe"), 400, codeAttachmentBlocked)
	w.want(w.call("POST", "InitializeAttachmentBlocksUpload", `{"Target":{"filename":"a.pdf"}}`), 400, "")
	r := begin("a.pdf")
	w.want(r, 200, "")
	token := r.json["FileContinuationToken"].(string)
	w.want(block(token, b64("1"), b64("Hello ")), 204, "")
	w.want(block(token, b64("2"), b64("there")), 204, "")
	w.want(block(token, b64("2"), b64("world")), 204, "") // in the place of the other
	w.want(block(token, b64("1234567"), b64("x")), 400, "")
	w.want(block(token, "not base64", b64("x")), 400, "")
	w.want(block("another", b64("3"), b64("x")), 400, "")
	w.want(block(token, b64("3"), base64.StdEncoding.EncodeToString(make([]byte, 4<<20+1))), 400, "")
	w.want(commit(token, `"`+b64("1")+`","`+b64("9")+`"`), 400, "")
	r = commit(token, `"`+b64("1")+`","`+b64("2")+`"`)
	w.want(r, 200, "")
	row := w.org.Row("activitymimeattachment", r.json["ActivityMimeAttachmentId"].(string))
	if row["body"] != b64("Hello world") || row["filesize"] != int64(11) || r.json["FileSizeInBytes"] != float64(11) || w.org.Row("activitymimeattachment", idB) != nil {
		t.Errorf("%v, %v", r.json, row)
	}
	w.want(commit(token, `"`+b64("1")+`"`), 400, "") // used up

	token = begin("b.pdf").json["FileContinuationToken"].(string)
	w.want(block(token, b64("1"), b64(strings.Repeat("x", 100))), 204, "")
	w.want(w.call("PATCH", "emails("+idA+")", `{"statecode":1,"statuscode":4}`), 204, "")
	w.want(commit(token, `"`+b64("1")+`"`), 400, codeActivityClosed)
}
