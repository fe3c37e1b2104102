"""The scope ``fcn_plugin``, which lets OpenMMLab find configs by name: ``MMSegInferencer(NAME, scope="fcn_plugin")``.

The names come from ``model-index.yml``. All types are registered in mmseg's scope, which the configs use.
"""

from mmengine.config.utils import MODULE2PACKAGE
from mmengine.registry import MODELS as ROOT
from mmengine.registry import Registry
from mmseg.registry import DATASETS, MODELS, TRANSFORMS, VISUALIZERS
from torch.nn import Conv2d

MODULE2PACKAGE["fcn_plugin"] = "fcn-plugin"  # mmengine looks for model-index.yml in these scopes
# older configs and checkpoints name it; FCN now chooses the fast convolution itself
ROOT.register_module("WinogradConv2d", force=True, module=Conv2d)
SCOPED = [
    Registry(registry.name, parent=registry, scope="fcn_plugin", locations=["fcn_plugin"])
    for registry in (DATASETS, MODELS, TRANSFORMS, VISUALIZERS)
]
