package localorg

import (
	"errors"
	"fmt"
	"net/http"
)

// Error codes of the service, by the names its own documentation gives them.
const (
	codeUnspecified       = "0x0"
	codeInvalidArgument   = "0x80040203"
	codeNoAttribute       = "0x80041103" // QueryBuilderNoAttribute
	codeNoEntity          = "0x80041102" // QueryBuilderNoEntity
	codeFieldCreate       = "0x8004f502" // AttributePrivilegeCreateIsMissing
	codeFieldRead         = "0x8004f504" // AttributePermissionReadIsMissing
	codeFieldUpdate       = "0x8004f507" // AttributePermissionUpdateIsMissingDuringUpdate
	codeObjectMissing     = "0x80040217" // ObjectDoesNotExist
	codePrivilegeDenied   = "0x80040220"
	codeUserDisabled      = "0x80040225"
	codeDuplicateRecord   = "0x80040237"
	codeDateTooEarly      = "0x80040239"
	codeInvalidCharacters = "0x80040278"
	codeNotSupported      = "0x80040800"
	codeAttachmentBlocked = "0x80043e09"
	codeOutOfRange        = "0x80044330"
	codeTooLong           = "0x80044331"
	codeExpiredStamp      = "0x80044352"
	codeAttachmentTooBig  = "0x80044a02"
	codeInvalidState      = "0x80048408"
	codeTooManyConditions = "0x8004430c"
	codeBadPayload        = "0x80048d19"
	codeActivityClosed    = "0x80040504" // none is documented; the closest, "record is read-only"
	codeVersionMismatch   = "0x80060882"
	codeBadQuery          = "0x80060888"
	codeUnknownSegment    = "0x8006088a"
	codeThrottledTime     = "0x80072321"
	codeThrottledRequests = "0x80072322"
	codeThrottledParallel = "0x80072326"
	codeUnexpected        = "0x80040216"
)

// refusal is an error as the service words it.
type refusal struct {
	status  int
	code    string
	message string
	header  http.Header // extra headers of the answer; mostly nil
}

func (e *refusal) Error() string { return fmt.Sprintf("%s %s (HTTP %d)", e.code, e.message, e.status) }

func refuse(status int, code, format string, args ...any) *refusal {
	return &refusal{status: status, code: code, message: fmt.Sprintf(format, args...)}
}

func badQuery(format string, args ...any) *refusal {
	return refuse(http.StatusBadRequest, codeBadQuery, format, args...)
}

func badPayload(format string, args ...any) *refusal {
	return refuse(http.StatusBadRequest, codeBadPayload, format, args...)
}

func badValue(format string, args ...any) *refusal {
	return refuse(http.StatusBadRequest, codeInvalidArgument, format, args...)
}

func missing(table, id string) *refusal {
	return refuse(http.StatusNotFound, codeObjectMissing, "Entity '%s' With Id = %s Does Not Exist", table, id)
}

func noSegment(name string) *refusal {
	return refuse(http.StatusNotFound, codeUnknownSegment, "Resource not found for the segment '%s'.", name)
}

func noSuchProperty(t *Table, name string) *refusal {
	return badQuery("Could not find a property named '%s' on type '%s'.", name, t.typeName())
}

func wrongVerb(method string) *refusal {
	return refuse(http.StatusMethodNotAllowed, codeUnspecified, "The requested resource does not support http method '%s'.", method)
}

func unsupported(message, table string) *refusal {
	return refuse(http.StatusMethodNotAllowed, codeNotSupported, "The '%s' method does not support entities of type '%s'.", message, table)
}

func notImplemented(what string) *refusal {
	return refuse(http.StatusNotImplemented, codeNotSupported, "%s is not implemented.", what)
}

func duplicate() *refusal {
	return refuse(http.StatusPreconditionFailed, codeDuplicateRecord, "A record with matching key values already exists.")
}

func staleVersion() *refusal {
	return refuse(http.StatusPreconditionFailed, codeVersionMismatch, "The version of the existing record doesn't match the RowVersion property provided.")
}

// asRefusal turns any error into one that can be answered: those that are none
// are faults of ours, and answered as such.
func asRefusal(err error) *refusal {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r
	}
	return refuse(http.StatusInternalServerError, codeUnexpected, "An unexpected error occurred: %v", err)
}
