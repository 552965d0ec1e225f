using Ixy.Vfio;
using static Ixy.Virtio.VirtioRegisters;

namespace Ixy.Virtio;

// What the device reports about itself.
public sealed partial class VirtioDevice
{
    // Two of its bits are reserved, and read as 0 (2.1).
    private const byte NoAnswer = 0xFF;

    // So that a thread that only waits for packets learns of a device that is gone, as it does on ixgbe from the
    // counters.
    internal static readonly TimeSpan StatusInterval = TimeSpan.FromSeconds(2);

    private ITimer? _statusTimer;

    private protected override void LookForFaults()
    {
        ThrowIfResetIsNeeded();
        LookForHangs(Link.IsUp);
    }

    private void StartStatusTimer() => _statusTimer = _device.Clock.CreateTimer(
        _ => WhileOpen(LookAtStatus), null, StatusInterval, StatusInterval);

    // A timer must not declare a server lost that is only stopped.
    private void LookAtStatus()
    {
        if (_device.AnswersNow()) ThrowIfResetIsNeeded();
    }

    // 2.1.2: the device sets the bit when it cannot continue; only modern devices have it.
    private void ThrowIfResetIsNeeded()
    {
        byte status = _transport.Status;
        if (status == NoAnswer) throw Gone();
        if ((status & Status_.NeedsReset) != 0 && !_transport.IsLegacy)
            throw NeedsReset(DeviceFault.DeviceError,
                $"the device has met an error and needs a reset (device status 0x{status:x2}, virtio 1.2, 2.1.2)");
        // During a restart, and after one that failed, it was this driver that reset it.
        if ((status & Status_.DriverOk) == 0 && IsOpen)
            throw NeedsReset(DeviceFault.UnaskedReset,
                $"the device was reset, and not by this driver (device status 0x{status:x2}, expected DRIVER_OK, "
                + "virtio 1.2, 2.1)");
    }

    private DeviceGoneException Gone() => _device.MarkGone("its device status reads as 0xff");
}
