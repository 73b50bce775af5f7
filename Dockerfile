# SPDX-License-Identifier: Apache-2.0
# keyward as a bare image: build stage on Debian, final stage without a distribution, user 65532, no shell.
#   podman build -t keyward .            BASE may name a local Debian image
#   podman build -t keyward-lab --target lab .    the platform to try it against, never part of the first; docs/lab.md
ARG BASE=docker.io/library/debian:bookworm-slim

FROM ${BASE} AS build
RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
      gcc cmake ninja-build pkg-config libc6-dev libssl-dev libcurl4-openssl-dev libcjson-dev libmicrohttpd-dev \
      libtss2-dev libyaml-dev libc-ares-dev libseccomp-dev libnghttp2-dev libprotobuf-c-dev protobuf-c-compiler ca-certificates
WORKDIR /src
COPY CMakeLists.txt CMakePresets.json ./
COPY agent agent
COPY include include
COPY packaging packaging
RUN cmake --preset release -DBUILD_TESTING=OFF && cmake --build --preset release --target keyward \
 && strip build/release/keyward
# The root of the final stage: the program, the libraries that it names, CA roots, an os-release for attestation.
RUN mkdir -p /root-fs/usr/bin /root-fs/etc/ssl/certs /root-fs/etc/keyward /root-fs/run \
 && cp build/release/keyward /root-fs/usr/bin/keyward \
 && ldd /root-fs/usr/bin/keyward | grep -oE '/[^ ]+' | sort -u | xargs -I{} cp --parents -L {} /root-fs/ \
 && cp /etc/ssl/certs/ca-certificates.crt /root-fs/etc/ssl/certs/ \
 && cp -L /etc/os-release /root-fs/etc/os-release

FROM build AS lab-build
RUN DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends libcmocka-dev
COPY tests tests
RUN cmake --preset release -DBUILD_TESTING=ON && cmake --build --preset release --target keyward-lab \
 && strip build/release/keyward-lab

# The lab needs swtpm and its libraries, and listens on the loopback of its pod or network namespace.
FROM ${BASE} AS lab
RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
      swtpm libssl3 libcjson1 \
 && rm -rf /var/lib/apt/lists/* && install -d -o 65532 -g 65532 -m 0700 /lab
LABEL org.opencontainers.image.title="keyward-lab" \
      org.opencontainers.image.description="The Azure platform in one process, for trying keyward: not for production" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=lab-build /src/build/release/keyward-lab /usr/bin/keyward-lab
USER 65532:65532
VOLUME /lab
ENTRYPOINT ["/usr/bin/keyward-lab"]
CMD ["up", "--dir", "/lab"]

FROM scratch
LABEL org.opencontainers.image.title="keyward" \
      org.opencontainers.image.description="Attested keys from Azure Key Vault for the containers of a pod" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /root-fs/ /
USER 65532:65532
ENTRYPOINT ["/usr/bin/keyward"]
CMD ["serve"]
