//go:build unix

package storetest

import (
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// A Disk fails as disks do, for what SQLite writes below a folder: full, or broken, from some write or fsync on. It stands inside SQLite,
// between its pager and the system, so that all that SQLite does about it is real.
type Disk struct {
	dir string

	mu            sync.Mutex
	writes, syncs int // since Fail
	what          DiskFault
}

// A DiskFault is what goes wrong, and from when on. Zero is nothing.
type DiskFault struct {
	Write, Sync int  // from the n-th on, counted from 1; 0 for none
	Full        bool // there is no room left; else the disk does not answer
	Once        bool // only that one
}

var disks struct {
	sync.Mutex
	all   []*Disk
	files map[uintptr]*Disk   // by open file
	own   map[uintptr]uintptr // our methods, by those of SQLite
	real  map[uintptr]uintptr // the other way
	made  bool
	under uintptr // SQLite's own VFS
}

// NewDisk watches what SQLite writes below a folder. It has to be there before the database is opened.
func NewDisk(t testing.TB, dir string) *Disk {
	t.Helper()
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		t.Fatal(err)
	}
	d := &Disk{dir: dir + string(filepath.Separator)}
	disks.Lock()
	defer disks.Unlock()
	disks.all = append(disks.all, d)
	if !disks.made {
		disks.made = true
		disks.files, disks.own, disks.real = map[uintptr]*Disk{}, map[uintptr]uintptr{}, map[uintptr]uintptr{}
		install()
	}
	return d
}

// Fail lets the disk fail from now on, or no more.
func (d *Disk) Fail(f DiskFault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.what, d.writes, d.syncs = f, 0, 0
}

func (d *Disk) write() int32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.writes++
	return d.fails(d.what.Write, d.writes, sqlite3.SQLITE_IOERR_WRITE)
}

func (d *Disk) sync() int32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.syncs++
	return d.fails(d.what.Sync, d.syncs, sqlite3.SQLITE_IOERR_FSYNC)
}

func (d *Disk) fails(from, n int, code int32) int32 {
	switch {
	case from == 0 || n < from || d.what.Once && n > from:
		return sqlite3.SQLITE_OK
	case d.what.Full:
		return sqlite3.SQLITE_FULL
	}
	return code
}

// What follows speaks SQLite's C interface (sqlite.org/vfs.html) as the driver's translation of it to Go has it: a pointer is a uintptr
// into memory of libc's, and a function's pointer is the word that a Go function value is.

func at[T any](p uintptr) *T { return (*T)(*(*unsafe.Pointer)(unsafe.Pointer(&p))) }

func pointer(f any) uintptr { return (*[2]uintptr)(unsafe.Pointer(&f))[1] }

func function[F any](p uintptr) F { return *(*F)(unsafe.Pointer(&struct{ uintptr }{p})) }

type (
	openFunc  = func(tls *libc.TLS, vfs, name, file uintptr, flags int32, out uintptr) int32
	closeFunc = func(tls *libc.TLS, file uintptr) int32
	writeFunc = func(tls *libc.TLS, file, data uintptr, n int32, offset int64) int32
	syncFunc  = func(tls *libc.TLS, file uintptr, flags int32) int32
)

// install puts a copy of SQLite's VFS in front of it, with another way to open files.
func install() {
	tls := libc.NewTLS()
	disks.under = sqlite3.Xsqlite3_vfs_find(tls, 0)
	copied := libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(sqlite3.Tsqlite3_vfs{})))
	vfs := at[sqlite3.Tsqlite3_vfs](copied)
	*vfs = *at[sqlite3.Tsqlite3_vfs](disks.under)
	name, err := libc.CString("disk")
	if err != nil {
		panic(err)
	}
	vfs.FzName, vfs.FpNext, vfs.FxOpen = name, 0, pointer(open)
	sqlite3.Xsqlite3_vfs_register(tls, copied, 1)
}

func open(tls *libc.TLS, _, name, file uintptr, flags int32, out uintptr) int32 {
	rc := function[openFunc](at[sqlite3.Tsqlite3_vfs](disks.under).FxOpen)(tls, disks.under, name, file, flags, out)
	methods := &at[sqlite3.Tsqlite3_file](file).FpMethods
	if rc != sqlite3.SQLITE_OK || *methods == 0 || name == 0 {
		return rc
	}
	path := libc.GoString(name)
	disks.Lock()
	defer disks.Unlock()
	for _, d := range disks.all {
		if strings.HasPrefix(path, d.dir) {
			disks.files[file] = d
			*methods = failing(tls, *methods)
			break
		}
	}
	return rc
}

// failing gives a copy of a file's methods with ours among them.
func failing(tls *libc.TLS, methods uintptr) uintptr {
	if own, ok := disks.own[methods]; ok {
		return own
	}
	copied := libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(sqlite3.Tsqlite3_io_methods{})))
	m := at[sqlite3.Tsqlite3_io_methods](copied)
	*m = *at[sqlite3.Tsqlite3_io_methods](methods)
	m.FxClose, m.FxWrite, m.FxSync = pointer(closeFile), pointer(write), pointer(syncFile)
	disks.own[methods], disks.real[copied] = copied, methods
	return copied
}

// underneath gives a file's disk, and the methods that it would have without us.
func underneath(file uintptr) (*Disk, *sqlite3.Tsqlite3_io_methods) {
	disks.Lock()
	defer disks.Unlock()
	return disks.files[file], at[sqlite3.Tsqlite3_io_methods](disks.real[at[sqlite3.Tsqlite3_file](file).FpMethods])
}

func write(tls *libc.TLS, file, data uintptr, n int32, offset int64) int32 {
	d, m := underneath(file)
	if rc := d.write(); rc != sqlite3.SQLITE_OK {
		return rc
	}
	return function[writeFunc](m.FxWrite)(tls, file, data, n, offset)
}

func syncFile(tls *libc.TLS, file uintptr, flags int32) int32 {
	d, m := underneath(file)
	if rc := d.sync(); rc != sqlite3.SQLITE_OK {
		return rc
	}
	return function[syncFunc](m.FxSync)(tls, file, flags)
}

func closeFile(tls *libc.TLS, file uintptr) int32 {
	_, m := underneath(file)
	disks.Lock()
	delete(disks.files, file)
	disks.Unlock()
	return function[closeFunc](m.FxClose)(tls, file)
}
