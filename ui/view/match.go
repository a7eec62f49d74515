package view

// Match is what the first contact of full calendars with a full CRM would come to.
type Match struct {
	Waits bool // the user has to say that it may begin
}

// readMatch asks the agent what the first contact would come to.
func (s *InStep) readMatch() {}
