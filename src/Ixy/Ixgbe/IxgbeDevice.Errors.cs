using Ixy.Vfio;

namespace Ixy.Ixgbe;

// What messages and reports say.
public sealed partial class IxgbeDevice
{
    internal const string Driver = "ixgbe";

    /// <inheritdoc/>
    public override string DriverName => Driver;

    private DeviceProtocolException HasTooFewRegisters() =>
        new($"{Name}: BAR 0 has 0x{_device.OpenBar(0).Length:x} bytes: expected the 0x{RegistersLength:x} of its "
            + "registers, or more (8.2.2)");

    private PciDeviceException DidNotCome(string what, uint offset, uint bits, bool set, int milliseconds)
    {
        uint found = _bar.Read32(offset);
        return IsFromNobody(found) ? Gone()
            : new DeviceTimeoutException(
                $"{Name}: {what} did not come within {milliseconds} ms: register 0x{offset:x5} is "
                + $"0x{found:x8}, expected bits 0x{bits:x8} {(set ? "set" : "clear")}");
    }

    // None of the registers this is used for can legitimately read as all ones.
    private DeviceGoneException Gone() => _device.MarkGone("its registers read as ones");
}
