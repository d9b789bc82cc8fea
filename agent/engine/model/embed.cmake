# SPDX-License-Identifier: Apache-2.0
rx_embed(rx_model models/default.json rx_model_default_json)
