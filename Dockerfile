# Not built here. CPU:  docker build -t fcn .      CUDA:  docker build --build-arg TORCH=cu128 -t fcn .
#   docker run --rm -v "$PWD:/data" -w /data fcn predict net.pth photos --out-dir results
FROM python:3.12-slim
ARG TORCH=cpu
RUN apt-get update && apt-get install -y --no-install-recommends libgl1 libglib2.0-0 && rm -rf /var/lib/apt/lists/*
RUN pip install --no-cache-dir torch torchvision --index-url "https://download.pytorch.org/whl/${TORCH}"
COPY . /src
RUN pip install --no-cache-dir "/src[lite,forms,export]" && rm -rf /src
USER 1000
ENTRYPOINT ["fcn"]
