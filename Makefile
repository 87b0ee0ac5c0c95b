# Two commands for users: `make lab` opens the course, `make test` passes every test.
# Both make .venv first, once; a changed lock, pyproject.toml or folder makes it again from nothing.
PYTHON ?= python3
ARGS ?=
SEEDS ?= 3
ONLY ?=
OUT ?=
COMMIT ?=
BIN := .venv/bin
READY := .venv/ready-$(shell (pwd; cat requirements.lock pyproject.toml) | cksum | tr ' ' '-')
ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)
# One thread per process: the networks are small, and the tests run one process per core.
test notebooks lesson claims: export OMP_NUM_THREADS = 1
# Tests and their notebooks take the images of GAN_DATA_DIR, or draw their own: no download decides which.
test: export GAN_OFFLINE = 1

.PHONY: env lab test notebooks lesson minutes claims gpu badges wheel colab lock
env: $(READY)

lab: $(READY)
	$(BIN)/jupyter lab $(ROOT) --LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb $(ARGS)

test: $(READY)
	$(BIN)/python -m pytest tests -n auto --cov --cov-report=term $(ARGS)
	$(BIN)/python -m pytest notebooks -n auto --dist loadscope --nbval-lax --nbval-current-env \
		--nbval-cell-timeout 300 --nbval-kernel-startup-timeout 180 $(ARGS)

notebooks: $(READY)
	$(BIN)/python tools/notebooks.py build $(ARGS)

# Each claim with SEEDS other sets of seeds: the ledgers that how_sure reads. Finished runs are kept in build/claims.
claims: $(READY)
	$(BIN)/python tools/claims.py run --seeds $(SEEDS) $(if $(ONLY),--only $(ONLY)) $(ARGS)

# make lesson ONLY=05: execute, write the minutes, and draw all pictures on one sheet to look at.
lesson: $(READY)
	$(BIN)/python tools/notebooks.py lesson $(ONLY)

# The minutes of the notebooks that have them, or with ONLY=05 of one that gets them.
minutes: $(READY)
	$(BIN)/python tools/notebooks.py minutes $(ONLY)

# Every record and cell that needs a GPU, in at most eight minutes. Makes no .venv: takes what the machine has.
gpu:
	$(if $(wildcard $(BIN)/python),$(BIN)/python,$(PYTHON)) tools/gpu.py $(if $(OUT),--out $(OUT)) \
		$(if $(COMMIT),--commit $(COMMIT)) $(ARGS)

badges: $(READY)
	$(BIN)/python tools/notebooks.py badges

# The package as one file in dist/, with its records and widgets: pip install dist/gan_helpers-….whl
wheel: $(READY)
	$(BIN)/python -m pip wheel -q --disable-pip-version-check --no-deps -w dist .

# The notebooks with absolute links, as the branch `colab` holds them and the badges open them.
colab: $(READY)
	$(BIN)/python tools/colab.py copies $(if $(OUT),--out $(OUT))

# Resolve pyproject.toml anew beside the pinned torch, and write down every version that was chosen.
lock:
	rm -rf .venv && $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q "$$(grep '^torch==' requirements.lock)" ".[lab,dev]"
	$(BIN)/python -m pip freeze --exclude gan-helpers | sed 's/+cpu$$//' > requirements.lock

$(READY):
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and f"Python 3.11 or newer is needed, \
	this is {v.major}.{v.minor}: try make PYTHON=python3.12 …")'
	@echo "Making the environment in .venv (once; minutes, by the network) …"
	rm -rf .venv && $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps -e .
	touch $@
