#!/bin/sh
# One backup named by its day, and the newest 14 kept: sh nightly-backup.sh FOLDER
# An older one goes only once the new one is whole. $PYTHON runs the bot; settings come from the environment.
set -eu
umask 077
folder=${1:?the folder of the backups is missing}
keep=14

"${PYTHON:-python3}" -m bot backup "$folder/xiaoan-$(date +%Y-%m-%d).zip"

find "$folder" -maxdepth 1 -type f -name 'xiaoan-????-??-??.zip' | sort | head -n -"$keep" | while IFS= read -r old; do
  rm -- "$old"
done
find "$folder" -maxdepth 1 -type f -name '.xiaoan-*.part' -mmin +120 -delete # of a backup that was killed
