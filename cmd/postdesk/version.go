package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is that of the CHANGELOG; a build from a checkout adds its commit.
const version = "0.1.0"

type versionCmd struct{}

func (versionCmd) Run() error {
	commit := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				commit = " (" + s.Value[:min(12, len(s.Value))] + ")"
			}
		}
	}
	fmt.Printf("postdesk %s%s %s %s/%s\n", version, commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return nil
}
