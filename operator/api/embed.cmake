# SPDX-License-Identifier: Apache-2.0
rx_embed(rx_api crds/radarx.io_radarxdeployments.yaml rx_crd_radarxdeployments)
rx_embed(rx_api crds/radarx.io_alertsubscriptions.yaml rx_crd_alertsubscriptions)
