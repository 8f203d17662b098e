# make          the binary, static
# make test     everything that has to hold: lint, then all tests on both databases with the race detector
# make lint     vet, staticcheck, formatting
# make bench    how fast the store is, on both databases

GO ?= go
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2

# Runs a command while a private PostgreSQL server lives.
WITH_POSTGRES = $(GO) run ./desk/store/storetest/withpostgres

.PHONY: all build test lint bench postgresql clean

all: build

build:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w' -o postdesk ./cmd/postdesk

test: lint postgresql
	@$(WITH_POSTGRES) $(GO) test -race ./...

lint:
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "gofmt: $$unformatted"; exit 1; fi
	@$(GO) vet ./...
	@$(GO) run $(STATICCHECK) ./...

bench: postgresql
	@$(WITH_POSTGRES) $(GO) test -run '^$$' -bench . -benchmem ./...

# Installs the server on Debian when there is none; elsewhere its tests are skipped, and say so.
postgresql:
	@.ci/postgresql

clean:
	rm -rf postdesk bin
