# SPDX-License-Identifier: Apache-2.0
# keyward as a bare image: one static executable, CA roots, an os-release and the list of parts; user 65532, no shell, no distribution.
#   podman build -t keyward .                     BASE may name a local Debian image
#   podman build -t keyward-lab --target lab .    the platform to try it against, never part of the first; docs/lab.md
# Two builds with the same package versions and the same SOURCE_DATE_EPOCH give the same layer; --timestamp 0 gives the same image.
ARG BASE=docker.io/library/debian:bookworm-slim

# The libraries: what Debian has no fitting archive of is built first, and once.
FROM ${BASE} AS libraries
RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
      gcc cmake ninja-build make pkg-config libc6-dev libssl-dev ca-certificates \
      dpkg-dev xz-utils autoconf automake libtool autoconf-archive libltdl-dev
COPY packaging/static-deps /src/packaging/static-deps
RUN /src/packaging/static-deps /src/build/static
RUN DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
      libyaml-dev libc-ares-dev libseccomp-dev libnghttp2-dev libprotobuf-c-dev protobuf-c-compiler

FROM libraries AS build
ARG SOURCE_DATE_EPOCH=0
WORKDIR /src
COPY CMakeLists.txt CMakePresets.json ./
COPY packaging packaging
COPY include include
COPY agent agent
RUN cmake --preset static && cmake --build --preset static --target keyward \
 && packaging/image-root build/static-release/keyward build/static /root-fs

FROM libraries AS lab-build
WORKDIR /src
RUN DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends libcmocka-dev
COPY CMakeLists.txt CMakePresets.json ./
COPY packaging packaging
COPY include include
COPY agent agent
COPY tests tests
RUN cmake --preset static -DBUILD_TESTING=ON && cmake --build --preset static --target keyward-lab \
 && strip build/static-release/keyward-lab

# The lab needs swtpm, and listens on the loopback of its pod or network namespace.
FROM ${BASE} AS lab
RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends swtpm \
 && rm -rf /var/lib/apt/lists/* && install -d -o 65532 -g 65532 -m 0700 /lab
LABEL org.opencontainers.image.title="keyward-lab" \
      org.opencontainers.image.description="The Azure platform in one process, for trying keyward: not for production" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=lab-build /src/build/static-release/keyward-lab /usr/bin/keyward-lab
USER 65532:65532
VOLUME /lab
ENTRYPOINT ["/usr/bin/keyward-lab"]
CMD ["up", "--dir", "/lab"]

FROM scratch
LABEL org.opencontainers.image.title="keyward" \
      org.opencontainers.image.description="Attested keys from Azure Key Vault for the containers of a pod" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="0.1.0"
COPY --from=build /root-fs/ /
USER 65532:65532
ENTRYPOINT ["/usr/bin/keyward"]
CMD ["serve"]
