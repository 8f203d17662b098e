# make          the binary, static
# make test     everything that has to hold: lint, then all tests on both databases with the race detector
# make lint     formatting, vet, staticcheck, and which room may import which
# make bench    how fast it is, the store on both databases
# make crash    ends postdesk serve N times at every point of a mail's way, on each database and with two nodes, and plants mistakes
#
# PKG=./desk/... restricts all three. With CI=true a part that is missing on this machine is a failure; else it is left out, by name.

GO ?= go
PKG ?= ./...
N ?= 1100
STATICCHECK = v0.8.2

.PHONY: all build test lint bench crash tools clean
.SILENT: test lint bench crash tools

all: build

build:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w' -o postdesk ./cmd/postdesk

test: lint bin/withpostgres
	bin/withpostgres $(GO) test $$(.ci/race) $(PKG)

lint: tools
	unformatted=$$(gofmt -l $$(git ls-files -co --exclude-standard '*.go')) && if [ -n "$$unformatted" ]; then echo "gofmt -w is wanted:" $$unformatted; exit 1; fi
	$(GO) vet $(PKG)
	if [ -x bin/staticcheck-$(STATICCHECK) ]; then bin/staticcheck-$(STATICCHECK) $(PKG); fi
	$(GO) test -run TestImportDirection ./cmd/postdesk >/dev/null || $(GO) test -run TestImportDirection ./cmd/postdesk

bench: tools bin/withpostgres
	bin/withpostgres $(GO) test -run '^$$' -bench . -benchmem $(PKG)

crash: tools bin/withpostgres
	bin/withpostgres $(GO) test -count=1 -timeout 3h -v -run '^Test(Crashes|PlantedMistakes)$$' ./cmd/postdesk -crashes $(N)

tools:
	GO="$(GO)" .ci/tools $(STATICCHECK)

# Runs a command beside a private PostgreSQL server. Built anew each time; it costs nothing when it is up to date.
.PHONY: bin/withpostgres
bin/withpostgres:
	@$(GO) build -o $@ ./desk/store/storetest/withpostgres

clean:
	rm -rf postdesk bin
