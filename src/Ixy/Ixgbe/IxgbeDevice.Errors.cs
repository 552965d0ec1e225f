using Ixy.Vfio;

namespace Ixy.Ixgbe;

public sealed partial class IxgbeDevice
{
    private DeviceTimeoutException DidNotCome(string what, uint offset, uint bits, bool set, int milliseconds) =>
        new($"{Name}: {what} did not come within {milliseconds} ms: register 0x{offset:x5} is "
            + $"0x{_bar.Read32(offset):x8}, expected bits 0x{bits:x8} {(set ? "set" : "clear")}");
}
