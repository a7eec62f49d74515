package dataverse

import (
	"context"
	"time"

	"postrider/offline"
)

// DeviceCode is what a user needs to sign in on another device.
type DeviceCode struct {
	URL     string    // page to open
	Code    string    // to type there
	Expires time.Time // zero: not said
}

// Device signs in on another device (RFC 8628), for computers without a
// browser. show is given what to tell the user. It returns when the user is
// done, the code has expired or ctx ends.
func (a Auth) Device(ctx context.Context, show func(DeviceCode)) (*Session, error) {
	const op = "sign in by a code"
	conf, err := a.config(ctx)
	if err != nil {
		return nil, err
	}
	d, err := conf.DeviceAuth(a.context(ctx))
	if err != nil {
		return nil, oauthFault(ctx, op, err)
	}
	show(DeviceCode{URL: d.VerificationURI, Code: d.UserCode, Expires: d.Expiry})
	t, err := conf.DeviceAccessToken(a.context(ctx), d)
	if err != nil {
		if ctx.Err() == nil && !d.Expiry.IsZero() && !time.Now().Before(d.Expiry) {
			return nil, &offline.Fault{Class: offline.FaultAuth, Op: op, Code: "expired_token", Text: "the code has expired"}
		}
		return nil, oauthFault(ctx, op, err)
	}
	return a.session(conf, t), nil
}
