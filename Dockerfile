# Linted, not built here. CPU:  docker build -t fcn .      CUDA:  docker build --build-arg TORCH=cu128 -t fcn .
#   docker run --rm -v "$PWD:/data" fcn predict net.pth photos --out-dir results
# The container's user has id 1000; for another one: docker run --user "$(id -u)" ...
FROM python:3.12-slim-bookworm AS build
COPY . /src
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /dist /src

FROM python:3.12-slim-bookworm
ARG TORCH=cpu
# libraries of OpenCV
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends libgl1 libglib2.0-0 && rm -rf /var/lib/apt/lists/*
# pyproject.toml has the bounds of the versions
# hadolint ignore=DL3013
RUN pip install --no-cache-dir torch torchvision --index-url "https://download.pytorch.org/whl/${TORCH}"
COPY --from=build /dist /dist
# hadolint ignore=DL3013
RUN pip install --no-cache-dir "$(echo /dist/*.whl)[lite,forms,export]"
ENV HOME=/tmp
WORKDIR /data
USER 1000
ENTRYPOINT ["fcn"]
