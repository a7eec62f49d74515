package localorg

import (
	"encoding/base64"
	"strings"
)

// Limits of uploads in blocks ("Use file data with Attachment and Note records").
const (
	maxBlock   = 4 << 20 // bytes of one block
	maxBlockID = 64      // bytes of a block's id before it is encoded
)

// upload is an attachment that comes in blocks. Blocks that are never committed
// are forgotten with the process.
type upload struct {
	user   string
	blocks map[string][]byte
	idLen  int
}

func attachmentTarget(args map[string]any) (map[string]any, error) {
	target, ok := args["Target"].(map[string]any)
	if kind, _ := target["@odata.type"].(string); !ok || strings.TrimPrefix(kind, "#") != "Microsoft.Dynamics.CRM.activitymimeattachment" {
		return nil, badPayload("The parameter 'Target' must be an activitymimeattachment, with its @odata.type.")
	}
	if name, _ := target["filename"].(string); name == "" {
		return nil, badValue("The attachment needs a filename.")
	}
	return target, nil
}

func initializeBlocks(r *request, args map[string]any) (map[string]any, error) {
	target, err := attachmentTarget(args)
	if err != nil {
		return nil, err
	}
	if err := r.t.allowed(r.t.o.schema.byName["activitymimeattachment"], Create, nil); err != nil {
		return nil, err
	}
	if _, err := r.t.checkFile(target["filename"].(string), ""); err != nil {
		return nil, err
	}
	token := base64.StdEncoding.EncodeToString([]byte(newID() + newID()))
	r.t.o.uploads[token] = &upload{user: r.t.user, blocks: map[string][]byte{}}
	return map[string]any{"FileContinuationToken": token}, nil
}

// upload finds the upload that a token stands for.
func (r *request) upload(args map[string]any) (string, *upload, error) {
	token, _ := args["FileContinuationToken"].(string)
	u := r.t.o.uploads[token]
	if u == nil || u.user != r.t.user {
		return "", nil, badValue("The FileContinuationToken is not valid.")
	}
	return token, u, nil
}

func uploadBlock(r *request, args map[string]any) (map[string]any, error) {
	_, u, err := r.upload(args)
	if err != nil {
		return nil, err
	}
	id := args["BlockId"].(string)
	name, err := base64.StdEncoding.DecodeString(id)
	if err != nil || len(name) == 0 || len(name) > maxBlockID || u.idLen != 0 && len(id) != u.idLen {
		return nil, badValue("The BlockId '%s' is not valid: base64 of at most %d bytes, all of one length.", id, maxBlockID)
	}
	data, err := base64.StdEncoding.DecodeString(args["BlockData"].(string))
	if err != nil {
		return nil, badValue("The BlockData is not valid base64: %v", err)
	}
	if len(data) > maxBlock {
		return nil, badValue("A block can't be larger than %d bytes.", maxBlock)
	}
	u.idLen, u.blocks[id] = len(id), data
	return nil, nil
}

// commitBlocks makes the attachment. It always makes a new one: an id in the
// target is passed over, as the vendor's own sample found.
func commitBlocks(r *request, args map[string]any) (map[string]any, error) {
	token, u, err := r.upload(args)
	if err != nil {
		return nil, err
	}
	target, err := attachmentTarget(args)
	if err != nil {
		return nil, err
	}
	list, _ := args["BlockList"].([]any)
	var data []byte
	for _, item := range list {
		id, _ := item.(string)
		block, ok := u.blocks[id]
		if !ok {
			return nil, badValue("The block '%s' was not uploaded.", id)
		}
		data = append(data, block...)
	}
	if len(list) == 0 {
		return nil, badPayload("The parameter 'BlockList' of 'CommitAttachmentBlocksUpload' is required and can't be null.")
	}
	body := map[string]any{}
	for name, v := range target {
		if name != "@odata.type" && name != "activitymimeattachmentid" {
			body[name] = v
		}
	}
	body["body"] = base64.StdEncoding.EncodeToString(data)
	tab := r.t.o.schema.byName["activitymimeattachment"]
	if err := r.t.allowed(tab, Create, nil); err != nil {
		return nil, err
	}
	id, err := r.t.create(tab, "", body)
	if err != nil {
		return nil, err
	}
	delete(r.t.o.uploads, token)
	return map[string]any{"ActivityMimeAttachmentId": id, "FileSizeInBytes": len(data)}, nil
}
