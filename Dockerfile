# The operator: one JavaScript file on a base with Node and nothing else, no shell, no package manager.
#
# Both bases are arguments, for registries of one's own and for pinning. A tag may move, a digest cannot; a release
# pins what this prints:
#   docker buildx imagetools inspect gcr.io/distroless/nodejs24-debian13:nonroot
#   docker build --build-arg NODE_IMAGE=gcr.io/distroless/nodejs24-debian13:nonroot@sha256:... .
#
# Only what every builder knows is used, the one before BuildKit too. Nothing here depends on the platform: for amd64 and
# arm64, build on a machine of each kind, or with --platform under emulation.
ARG BUILD_IMAGE=node:24-bookworm-slim
ARG NODE_IMAGE=gcr.io/distroless/nodejs24-debian13:nonroot

FROM ${BUILD_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-progress
COPY tsconfig.json ./
COPY test/tools/require-node.mjs test/tools/third-party-licenses.ts ./test/tools/
COPY src ./src
RUN npm run build

FROM ${NODE_IMAGE}
COPY LICENSE /app/
COPY --from=build /src/dist/tencent-cert-sync.js /src/dist/THIRD-PARTY-LICENSES.txt /app/
WORKDIR /app
USER 65532:65532
# Health and metrics.
EXPOSE 8081 9402
# Memory: a small young generation, and code for size. Secrecy: no environment in crash reports, no debugger by signal.
# The permission model takes from the process what it never needs: writing files, starting programs and threads, native
# code, the inspector. Reading stays allowed, since kubeconfig, credentials and CAs may be mounted anywhere.
# test/harness/operator-process.ts names the same flags.
ENTRYPOINT ["/nodejs/bin/node", \
  "--max-semi-space-size=1", \
  "--optimize-for-size", \
  "--report-exclude-env", \
  "--disable-sigusr1", \
  "--permission", \
  "--allow-fs-read=*", \
  "/app/tencent-cert-sync.js"]

ARG NODE_IMAGE
ARG VERSION=0.0.0-dev
ARG REVISION=unknown
# RFC 3339; the time of the commit keeps the image the same for the same commit.
ARG CREATED=1970-01-01T00:00:00Z
ARG SOURCE=
LABEL org.opencontainers.image.title="tencent-cert-sync" \
  org.opencontainers.image.description="Kubernetes operator that uploads TLS Secrets to Tencent Cloud's SSL Certificate service and writes the CertificateId back" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}" \
  org.opencontainers.image.created="${CREATED}" \
  org.opencontainers.image.source="${SOURCE}" \
  org.opencontainers.image.base.name="${NODE_IMAGE}"
