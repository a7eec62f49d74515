package dataverse

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"golang.org/x/oauth2"

	"postrider/offline"
)

// Browser signs in by the user's browser: authorization code with PKCE (RFC
// 7636), sent back to a port on this computer (RFC 8252 section 7.3). open is
// given the page's address. It returns when the user is done or ctx ends.
func (a Auth) Browser(ctx context.Context, open func(url string) error) (*Session, error) {
	const op = "sign in by the browser"
	conf, err := a.config(ctx)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, carryFault(op, fmt.Errorf("open a port on this computer: %w", err))
	}
	// "localhost" and not the number: that is what applications register.
	conf.RedirectURL = fmt.Sprintf("http://localhost:%d", l.Addr().(*net.TCPAddr).Port)
	state, verifier := rand.Text(), oauth2.GenerateVerifier()
	answers := make(chan callback, 1)
	srv := &http.Server{Handler: callbackHandler(state, answers), ReadHeaderTimeout: 10 * time.Second}
	served := make(chan struct{})
	go func() { defer close(served); _ = srv.Serve(l) }()
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if srv.Shutdown(end) != nil { // the last page is on its way for at most a second
			_ = srv.Close()
		}
		<-served
	}()

	opts := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(verifier), oauth2.SetAuthURLParam("response_mode", "query"), oauth2.SetAuthURLParam("prompt", "select_account")}
	if a.Hint != "" {
		opts = append(opts, oauth2.SetAuthURLParam("login_hint", a.Hint))
	}
	if err := open(conf.AuthCodeURL(state, opts...)); err != nil {
		return nil, &offline.Fault{Class: offline.FaultAuth, Op: op, Text: "the browser could not be opened", Err: err}
	}
	var got callback
	select {
	case got = <-answers:
	case <-ctx.Done():
		return nil, carryFault(op, ctx.Err())
	}
	if got.err != nil {
		return nil, &offline.Fault{Class: offline.FaultAuth, Op: op, Code: got.code, Err: got.err}
	}
	t, err := conf.Exchange(a.context(ctx), got.code, oauth2.VerifierOption(verifier))
	if err != nil {
		return nil, oauthFault(ctx, op, err)
	}
	return a.session(conf, t), nil
}

func (a Auth) session(conf *oauth2.Config, t *oauth2.Token) *Session {
	s := &Session{auth: a, conf: conf}
	s.take(t)
	return s
}

// callback is what the browser brings back: a code, or an error with its code.
type callback struct {
	code string
	err  error
}

// callbackHandler takes the first answer with the right state and shows a page
// about it. Anything else that calls is shown nothing.
func callbackHandler(state string, answers chan<- callback) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if r.URL.Path != "/" || subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(state)) != 1 {
			http.NotFound(w, r)
			return
		}
		got, text := callback{code: q.Get("code")}, "You are signed in. You can close this page and go back to Postrider."
		if e := q.Get("error"); e != "" || got.code == "" {
			why := q.Get("error_description")
			if why == "" {
				why = "the sign-in was not completed"
			}
			got = callback{code: e, err: errors.New(clip(why, maxText))}
			text = "The sign-in was not completed. You can close this page; Postrider says more."
		}
		select {
		case answers <- got:
		default:
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Content-Security-Policy", "default-src 'none'")
		_, _ = io.WriteString(w, "<!doctype html><title>Postrider</title><p>"+text+"</p>")
	})
}
