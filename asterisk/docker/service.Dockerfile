# The service. Build with the top folder as context.
FROM python:3.11-slim
ARG EXTRAS=""
COPY . /src
RUN pip install --no-cache-dir "/src${EXTRAS:+[$EXTRAS]}" \
    && rm -rf /src \
    && useradd --system --home-dir /var/lib/recordbridge --create-home recordbridge
USER recordbridge
WORKDIR /var/lib/recordbridge
EXPOSE 8080/tcp 4573/tcp
HEALTHCHECK --interval=5s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "from urllib.request import urlopen as o; o('http://127.0.0.1:8080/healthz', timeout=4)"]
ENTRYPOINT ["recordbridge"]
CMD ["serve"]
