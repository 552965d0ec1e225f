# Shared by eng/pack, eng/publish and eng/guest-image, which source it in the repository's folder.
# Packed files have the same modes, whoever packs them.
umask 022
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_UI_LANGUAGE=en MSBUILDDISABLENODEREUSE=1

# Keeps this separate from daily builds of the same projects.
release=(-v quiet --nologo -p:Configuration=Release -p:UseSharedCompilation=false
    -p:ContinuousIntegrationBuild=true)
# Native programs share a folder, because compiling ahead of time takes a minute. One script at a time may use it.
native=("${release[@]}" -r linux-x64 -p:PublishAot=true -p:EnableSourceLink=false
    --artifacts-path "$PWD/artifacts/native")
# For 64-bit Arm, with the linker of Debian's cross compiler.
native_arm64=("${release[@]}" -r linux-arm64 -p:PublishAot=true -p:EnableSourceLink=false
    -p:CppCompilerAndLinker=aarch64-linux-gnu-gcc -p:ObjCopyName=aarch64-linux-gnu-objcopy
    --artifacts-path "$PWD/artifacts/native-arm64")
native_lock=$PWD/artifacts/native.lock

# Waits for a lock, which is held until the script ends.
claim() {
    mkdir -p "${1%/*}"
    exec {claimed}> "$1"
    flock "$claimed"
}

miss() {
    echo "eng/${0##*/}: $*" >&2
    exit 3
}

check_linker() {
    command -v clang > /dev/null || command -v gcc > /dev/null \
        || miss "there is no linker for native programs (apt install gcc libc6-dev zlib1g-dev)"
}

check_arm_linker() {
    command -v aarch64-linux-gnu-gcc > /dev/null \
        || miss "there is no linker for Arm (apt install gcc-aarch64-linux-gnu libc6-dev-arm64-cross)"
}

restore_native_arm64() {
    dotnet restore "$@" "${native_arm64[@]}" < /dev/null >&2 \
        || miss "the native compiler for Arm could not be restored: is there a way to nuget.org?"
}

restore_native() {
    dotnet restore "$@" "${native[@]}" < /dev/null >&2 \
        || miss "the native compiler could not be restored: is there a way to nuget.org?"
}

version() {
    sed -n 's:.*<Version>\(.*\)</Version>.*:\1:p' Directory.Build.props
}

# git@github.com:owner/name.git becomes https://github.com/owner/name. User names and passwords are removed.
origin() {
    { git remote get-url origin 2> /dev/null || true; } \
        | sed -nE 's#^(ssh://)?git@([^:/]+)[:/]#https://\2/#; s#^https://[^/@]*@#https://#; s#\.git$##; /^https:\/\//p'
}
