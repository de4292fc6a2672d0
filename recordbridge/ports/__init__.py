"""What the engine needs from the world: Protocols and the values they exchange.

Adapters (`ari`, `store`, `blobs`, `media`, `outbound`) implement these; only `app` names both.
"""
