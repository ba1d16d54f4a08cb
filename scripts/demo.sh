#!/bin/sh
# The main job on the built-in sample: two experiments, their comparison, one prediction. Run again, it reuses what stands.
set -eu
bin=$1
PATH="$bin:$PATH"
export PATH TILES_ALWAYS_HINT=1
began=$(date +%s)

[ -f demo/dvc.yaml ] || tiles init demo --preset demo --yes
cd demo
for rate in 0.004 0.001; do
    name="rate-$(echo "$rate" | tr . -)"
    if git for-each-ref --format='%(refname)' refs/exps | grep -q "/$name\$"; then
        echo "experiment $name stands already"
    else
        tiles train --lr "$rate" --name "$name"
    fi
done
echo
tiles exp compare --sort dice_mean
photo=$(find data/dataset/images -name '*.jpg' | sort | head -n 1)
tiles predict "$photo" --out predictions
echo
echo "done in $(( $(date +%s) - began )) s. Look at:"
echo "  demo/predictions/overlays     the photo with what was found"
echo "  demo/evaluation/predictions   test photos: photo, truth, prediction, errors"
echo "go on with: cd demo && . ../.venv/bin/activate && tiles train --lr 0.002"
