package storetest

import "syscall"

// endsWithUs has the kernel end a process when we end, even by kill -9, so that no test run leaves a server behind.
func endsWithUs(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGQUIT }
