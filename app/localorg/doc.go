// Package localorg is an organization on this computer: the Dataverse Web API
// over a bbolt file or in memory. It serves people without a CRM server, the
// demo, and the tests of everything that speaks to a CRM.
//
// It is never kinder than the real service. What the service refuses (a text
// too long, a column it does not know, an edit of a closed activity, a stale
// ETag, a GET within a change set, too many requests) is refused here with the
// same HTTP status and error code; what it silently ignores (columns that may
// not be written) is ignored; what it cuts (fractions of a second) is cut.
//
// How it works:
//
//  1. The tables are data (Table, Column): types, lengths, navigation
//     properties, states. Generic code validates, stores, filters, renders and
//     describes them (EntityDefinitions). A few tables have rules of their own
//     (emails, attachments, users); these are hooks named in the table.
//  2. All rows are held in memory, unchanging once written; large texts
//     (Column.Blob) stay in the file. Reads share a lock, writes hold it alone.
//  3. Each write gets the next number of one counter for all tables: the row's
//     version, which is its ETag, versionnumber and the clock of delta tokens.
//  4. A change set either happens or leaves no trace. A request, or a whole
//     $batch, is one commit of the file, made before the answer goes out.
//
// Recurring appointments are expanded into appointments within the
// organization's window, and synchronization filters are queries in FetchXML,
// understood as far as such filters go; the rest of FetchXML is refused.
//
// It is not a database for several users at once, does not know plug-ins,
// workflows, views or $metadata (501), and its security is what Deny and
// DenyField say, not roles.
//
// Facts are from the vendor's public documentation of the Web API; where that
// is silent or the sources disagree, the choice made is written beside the code.
package localorg
