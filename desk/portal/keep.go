package portal

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"html"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"os"
	"strconv"

	"github.com/postdesk/postdesk/desk"
	"github.com/postdesk/postdesk/mailin/parse"
)

// A messagePage is one message whole: quotes, signature and all (M5).
type messagePage struct {
	Ticket int64
	desk.Kept
	HTML bool
}

// kept is the message that a path names, if whoever asks may read it.
func (v *visit) kept() (ticket int64, k desk.Kept, err error) {
	if v.who.Contact == nil && v.who.Staff == nil {
		return 0, k, errSignIn
	}
	if ticket, err = v.number("ticket"); err != nil {
		return 0, k, err
	}
	id, err := v.number("message")
	if err != nil {
		return 0, k, err
	}
	if v.who.Staff != nil {
		k, err = v.p.Desk.KeptForStaff(v.r.Context(), v.who.Staff, ticket, id)
	} else {
		k, err = v.p.Desk.KeptFor(v.r.Context(), v.who.Contact, ticket, id)
	}
	return ticket, k, err
}

// source gets a mail's bytes from the desk into a file: a slow reader must not keep the database's transaction open.
func (v *visit) source(k desk.Kept) (fileSource, func(), error) {
	select {
	case v.p.loads <- struct{}{}:
	case <-v.r.Context().Done():
		return fileSource{}, nil, v.r.Context().Err()
	}
	defer func() { <-v.p.loads }()
	f, drop, err := v.p.spool()
	if err != nil {
		return fileSource{}, nil, err
	}
	w := bufio.NewWriter(f)
	err = v.p.Desk.Source(v.r.Context(), k.Source, w)
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		drop()
		return fileSource{}, nil, err
	}
	return fileSource{f.Name()}, drop, nil
}

func (p *Portal) message(v *visit) error {
	ticket, k, err := v.kept()
	if err != nil {
		return err
	}
	if k.Ours || k.Source == 0 {
		return desk.ErrNotFound
	}
	src, drop, err := v.source(k)
	if err != nil {
		return err
	}
	defer drop()
	pg := v.page("message_title", ticket)
	pg.Data = messagePage{ticket, k, !k.Later && parse.Parse(src).HTML != ""}
	return v.show(http.StatusOK, "message", pg)
}

// messageHTML is the mail as its writer's program drew it, cleaned, for a frame without origin. It loads nothing and runs nothing (T067, T070).
func (p *Portal) messageHTML(v *visit) error {
	_, k, err := v.kept()
	if err != nil {
		return err
	}
	if k.Ours || k.Later || k.Source == 0 {
		return desk.ErrNotFound
	}
	src, drop, err := v.source(k)
	if err != nil {
		return err
	}
	defer drop()
	body := parse.CleanHTML(parse.Parse(src).HTML, desk.Masked)
	h := v.w.Header()
	h.Set("Content-Security-Policy", mailPolicy)
	h.Set("X-Frame-Options", "SAMEORIGIN")
	h.Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprintf(v.w, "<!DOCTYPE html><html><head><meta charset=\"utf-8\"><title>%s</title><style>body{margin:12px;font:15px/1.5 'Segoe UI',Helvetica,Arial,sans-serif;"+
		"color:#1f2a35;background:#fff;overflow-wrap:anywhere}img{max-width:100%%}table{max-width:100%%}</style></head><body>%s</body></html>",
		html.EscapeString(k.Subject), body)
	return nil
}

// file gives an attachment to be saved, whatever it says that it is (T067).
func (p *Portal) file(v *visit) error {
	_, k, err := v.kept()
	if err != nil {
		return err
	}
	path := v.r.PathValue("part")
	var file *desk.File
	for i := range k.Files {
		if k.Files[i].Part == path {
			file = &k.Files[i]
		}
	}
	if file == nil || k.Source == 0 {
		return desk.ErrNotFound
	}
	src, drop, err := v.source(k)
	if err != nil {
		return err
	}
	defer drop()
	r, _, err := parse.Part(src, path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, os.ErrNotExist) {
		return desk.ErrNotFound
	}
	if err != nil {
		return err
	}
	defer r.Close()
	h := v.w.Header()
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", disposition(file.Name))
	if file.Size > 0 {
		h.Set("Content-Length", strconv.FormatInt(file.Size, 10))
	}
	if n, err := io.Copy(v.w, r); err != nil || file.Size > 0 && n != file.Size {
		p.Log.Warn("an attachment was not given whole", "message", k.Message, "bytes", n, "of", file.Size, "error", err)
	}
	return nil
}

// disposition offers a file to be saved by a name that was made safe when its mail was read (T061).
func disposition(name string) string {
	if s := mime.FormatMediaType("attachment", map[string]string{"filename": cmp.Or(name, "file")}); s != "" {
		return s
	}
	return `attachment; filename="file"`
}
