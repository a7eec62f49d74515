// Package app puts the parts together: configuration, secrets, the single
// instance of a profile, its life from start to end, and the commands.
//
// A profile is one folder (its home) with config.toml, the offline store, the
// log and, for people without a CRM server, the local organization. Nothing of
// a profile is anywhere else but the secrets, which the system keyring keeps.
//
// It decides nothing about mail and draws nothing: packages agent and ui do.
package app
