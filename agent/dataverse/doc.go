// Package dataverse is the user's CRM over the Dataverse Web API (Dynamics 365,
// versions 9.0 to 9.2, also on premises). It translates between the API's tables
// and the types of package offline and decides nothing: what to track, when to
// sync and when to try again is the caller's matter.
//
// What it promises:
//
//   - Few requests. Reads and writes of many records travel in one $batch; a
//     pull in which nothing changed is one HTTP request.
//
//   - Repeatable writes. An email is created under an id that the caller chose
//     and stored before, on condition that it does not exist, with its parties,
//     attachments and closed state in one atomic change set. A repeat finds its
//     own record and counts as success; a half-made one is finished. Attachments
//     too large for that go in blocks before the email is closed.
//
//   - Nothing is left out silently: what of a message could not go is in the
//     outcome and on the record.
//
//   - An email that waits in the CRM to be sent is handed out once, whatever
//     fails and however many computers ask. Where an answer was lost it is in
//     doubt, and said to be.
//
//   - Classified failures. Every error carries an *offline.Fault. Short pauses
//     that the server asks for are waited out here; long ones are returned.
//
//   - The access token goes to the configured organization only: links that the
//     server returns are reduced to their path and query.
//
//   - The user's synchronization filters are asked in one batch, and fail as a
//     whole: a filter that can't be read is never taken for one that lets nothing in.
//
// What it is not for: editing records other than emails and the user's own
// settings, sending mail.
package dataverse
