# Postrider. `make demo` and `make test` do all the set-up themselves on Debian.

GO        ?= go
PKGS      := ./...
TESTS_IN  := TMPDIR=$$(sh scripts/tmpdir.sh)

.PHONY: demo test test-long bench build lint setup vet-elsewhere clean

# Runs the main job on a small world made up for it: in a window where there is
# a display, otherwise without one, printing what was done.
demo: build
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ]; then bin/postrider demo; else bin/postrider demo --headless; fi

# The two that take longest come first: left to the end they would run alone. Those
# that run side by side wait for servers more than they work.
test: setup lint
	$(TESTS_IN) $(GO) test -race -parallel 4 -timeout 20m ./app ./ui $(PKGS)

# The tests whose worlds can be larger, and whose laws can be tried more often, at
# length.
test-long: setup
	$(TESTS_IN) POSTRIDER_TEST_LONG=1 $(GO) test -race -timeout 120m -rapid.checks 2000 ./agent/merge ./agent/recur ./agent/vobject ./agent/itemtext
	$(TESTS_IN) POSTRIDER_TEST_LONG=1 $(GO) test -timeout 120m ./app

# Whole runs against real servers and peers, and the benchmarks of the packages.
bench: setup
	$(GO) test -run '^$$' -bench . -benchtime 300ms -timeout 60m $(PKGS)

build: setup
	$(GO) build -tags migrated_fynedo -trimpath -o bin/postrider .

lint: setup vet-elsewhere
	@out=$$(gofmt -l $$(git ls-files -co --exclude-standard '*.go')); if [ -n "$$out" ]; then echo "not gofmt-ed:"; echo "$$out"; exit 1; fi
	$(GO) vet $(PKGS)
	$(GO) tool staticcheck $(PKGS)

# What lies below ui builds everywhere without cgo, and so does the whole
# program without its windows.
vet-elsewhere:
	GOOS=windows CGO_ENABLED=0 $(GO) vet ./agent/... ./offline/... ./ui/view/...
	GOOS=darwin CGO_ENABLED=0 $(GO) vet ./agent/... ./offline/... ./ui/view/...
	CGO_ENABLED=0 $(GO) vet -tags headless . ./app/...

setup:
	@sh scripts/setup.sh

clean:
	rm -rf bin
