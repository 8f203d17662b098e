# make          the binary, static
# make test     everything that has to hold: lint, then all tests on both databases with the race detector
# make lint     formatting, vet, staticcheck, and which room may import which
# make bench    how fast it is, the store on both databases
# make score    what the mails in ../shared/corpora are read as, beside what they are: a line a figure
# make fuzz     five minutes with each fuzz target, FUZZTIME=1h for longer; tests run their seeds and what was found
# make crash    ends postdesk serve N times at every point of a mail's way, on each database and with two nodes, and plants mistakes
#
# PKG=./desk/... restricts all three. With CI=true a part that is missing on this machine is a failure; else it is left out, by name.

GO ?= go
PKG ?= ./...
N ?= 1100
STATICCHECK = v0.8.2

.PHONY: all build test lint bench score fuzz crash tools clean
.SILENT: test lint bench score fuzz crash tools

all: build

build:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w' -o postdesk ./cmd/postdesk

# The stories start the command some thousand times, one after the other in virtual time: there is no race to be seen, and the detector
# makes SQLite ten times as slow. The same paths run under it in TestEveryPack and in the rooms' own tests. Nor is there any where patterns are
# held against their expressions.
STORIES = ^(TestStories|TestPacksGrow|TestPatternsAreTheirExpressions)$$

test: lint bin/withpostgres
	bin/withpostgres $(GO) test $$(.ci/race) -timeout 30m -skip '$(STORIES)' $(PKG)
	$(if $(filter ./... ./cmd/%,$(PKG)),bin/withpostgres $(GO) test -timeout 30m -run '$(STORIES)' ./cmd/postdesk)
	$(if $(filter ./... ./mailin/%,$(PKG)),$(GO) test -run '$(STORIES)' ./mailin/parse)

lint: tools
	unformatted=$$(gofmt -l $$(git ls-files -co --exclude-standard '*.go')) && if [ -n "$$unformatted" ]; then echo "gofmt -w is wanted:" $$unformatted; exit 1; fi
	$(GO) vet $(PKG)
	if [ -x bin/staticcheck-$(STATICCHECK) ]; then bin/staticcheck-$(STATICCHECK) $(PKG); fi
	$(GO) test -run TestImportDirection ./cmd/postdesk >/dev/null || $(GO) test -run TestImportDirection ./cmd/postdesk

bench: tools bin/withpostgres
	bin/withpostgres $(GO) test -run '^$$' -bench . -benchmem $(PKG)

crash: tools bin/withpostgres
	bin/withpostgres $(GO) test -count=1 -timeout 3h -parallel 6 -v -run '^Test(T089|T090|T092|T107|T108RestoreK|T109)' ./cmd/postdesk -crashes $(N)
	bin/withpostgres $(GO) test -count=1 -timeout 3h -v -run '^TestT099' ./desk -cut-every 61

CORPORA = ../shared/corpora

# Each mail of the table auth has TXT records of its own.
define ZONES
import json, os, sys
for row in map(json.loads, open(sys.argv[1])):
    with open(os.path.join(sys.argv[2], os.path.basename(row["file"]) + ".zone"), "w") as f:
        json.dump(row.get("dns") or {}, f)
endef
export ZONES

score: build
	if [ ! -d $(CORPORA) ]; then echo "skipped: score, for want of $(CORPORA)"; exit 0; fi; \
	out=$$(mktemp -d) && trap 'rm -rf $$out' EXIT; \
	python3 -c "$$ZONES" $(CORPORA)/auth/auth.jsonl $$out || exit 1; \
	for kind in bounce auto replies mime abuse auth; do \
		table=$(CORPORA)/$$kind/$$kind.jsonl; [ $$kind != bounce ] || table=$(CORPORA)/bounce/bounces.jsonl; \
		if [ $$kind = auth ]; then \
			for zone in $$out/*.zone; do ./postdesk inspect --json --dns $$zone $(CORPORA)/auth/mails/$$(basename $$zone .zone) || exit 1; done >$$out/auth; \
		else \
			find $(CORPORA)/$$kind/mails -type f | sort | ./postdesk inspect --json --files-from - >$$out/$$kind || exit 1; \
		fi; \
		python3 $(CORPORA)/score.py $$kind $$table $$out/$$kind | grep -v '^ ' | sed "s/^/$$kind\t/" || exit 1; \
	done; \
	for box in lists lists-degraded; do \
		./postdesk inspect --json --threads $(CORPORA)/threads/$$box.mbox >$$out/$$box || exit 1; \
		python3 $(CORPORA)/score.py threads $(CORPORA)/threads/$$box.jsonl $$out/$$box | sed "s/^/$$box\t/" || exit 1; \
	done; \
	printf 'auto\t%-44s %s\n' taken_for_a_bounce $$(grep -c '"kind":"bounce"' $$out/auto)

# Which lines a reader meets differs a little from run to run, by pools and maps, so that making a find smaller is tried in vain: left alone it
# takes most of the time.
FUZZTIME = 5m

fuzz:
	for file in $$(git ls-files '*_test.go' | xargs grep -l '^func Fuzz'); do \
		for target in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' $$file); do \
			echo "$$target in $$(dirname $$file)"; \
			$(GO) test ./$$(dirname $$file) -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x || exit 1; \
		done; \
	done

tools:
	GO="$(GO)" .ci/tools $(STATICCHECK)

# Runs a command beside a private PostgreSQL server. Built anew each time; it costs nothing when it is up to date.
.PHONY: bin/withpostgres
bin/withpostgres:
	@$(GO) build -o $@ ./desk/store/storetest/withpostgres

clean:
	rm -rf postdesk bin
