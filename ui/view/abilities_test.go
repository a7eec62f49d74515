package view

import "postrider/agent"

// The agent has every ability that the windows ask it for.
var (
	_ Writer    = (*agent.Agent)(nil)
	_ Templater = (*agent.Agent)(nil)
	_ Booker    = (*agent.Agent)(nil)
	_ Self      = (*agent.Agent)(nil)
	_ CRMSender = (*agent.Agent)(nil)

	_ Ruler         = (*agent.Agent)(nil)
	_ Foreteller    = (*agent.Agent)(nil)
	_ FolderTracker = (*agent.Agent)(nil)
	_ Kinder        = (*agent.Agent)(nil)
	_ Pager         = (*agent.Agent)(nil)
	_ Picker        = (*agent.Agent)(nil)
	_ Converter     = (*agent.Agent)(nil)
	_ Filterer      = (*agent.Agent)(nil)

	_ Keeper     = (*agent.Agent)(nil)
	_ Settler    = (*agent.Agent)(nil)
	_ Arranger   = (*agent.Agent)(nil)
	_ Introducer = (*agent.Agent)(nil)
)
