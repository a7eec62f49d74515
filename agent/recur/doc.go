// Package recur is about what comes again: rules (RFC 5545 section 3.3.10) in one
// spelling each, so that they can be compared; the patterns by which a CRM says
// the same; series with the occurrences that are left out or differ; and when
// all of these happen, with rrule-go, in the zone that they are kept in.
//
// It is pure, and neither reads calendars nor speaks to a CRM.
package recur
