# syntax=docker/dockerfile:1
FROM node:24-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
COPY packages ./packages
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund && npm cache clean --force

FROM node:24-slim AS bundle
WORKDIR /app
COPY package.json package-lock.json ./
COPY packages ./packages
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY migrations ./migrations
COPY src ./src
COPY build ./build
RUN node build/bundle.ts && chown -R node:node dist
# As the user and in the place of the image: compiled code is kept for both.
USER node
RUN node build/warm.ts && chmod -R a+rX dist

FROM node:24-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3070 DATA_DIR=/data
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json ./
COPY packages ./packages
COPY migrations ./migrations
COPY src ./src
COPY --from=bundle /app/dist ./dist
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 3070
HEALTHCHECK --interval=15s --timeout=3s --start-period=30s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health`).then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Node itself is process 1 and gets the signals. Nothing is written outside /data and /tmp: `docker run --read-only --tmpfs /tmp` works.
CMD ["node", "dist/src/server.js"]
