"""Necks, which make streams of the backbone's maps: for FCN, with an atrous pyramid, and by unpooling."""
