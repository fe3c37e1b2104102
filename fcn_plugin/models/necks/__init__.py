"""Necks: streams from the backbone's maps, for FCN, with an atrous pyramid, and by unpooling."""
