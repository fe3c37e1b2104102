"""The scope ``fcn_plugin``, in which OpenMMLab's programs find configs by name: ``MMSegInferencer(NAME, scope="fcn_plugin")``.

Their names come from ``model-index.yml``. The parts themselves are registered with mmseg, as configs of its scope name them.
"""

from mmengine.config.utils import MODULE2PACKAGE
from mmengine.registry import MODELS as ROOT
from mmengine.registry import Registry
from mmseg.registry import DATASETS, MODELS, TRANSFORMS, VISUALIZERS
from torch.nn import Conv2d

MODULE2PACKAGE["fcn_plugin"] = "fcn-plugin"  # the scopes that mmengine looks for an index of
# named by configs and checkpoints of version 1: FCN chooses the fast convolution itself now
ROOT.register_module("WinogradConv2d", force=True, module=Conv2d)
SCOPED = [
    Registry(registry.name, parent=registry, scope="fcn_plugin", locations=["fcn_plugin"])
    for registry in (DATASETS, MODELS, TRANSFORMS, VISUALIZERS)
]
