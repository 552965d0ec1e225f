using Ixy.Vfio;
using static Ixy.Virtio.VirtioRegisters;

namespace Ixy.Virtio;

// What the device says of itself.
public sealed partial class VirtioDevice
{
    // Two of its bits are reserved, and 0 (2.1).
    private const byte NoAnswer = 0xFF;

    // So that who only waits for packets learns of a device that is gone, as the counters of an ixgbe card tell it.
    internal static readonly TimeSpan StatusInterval = TimeSpan.FromSeconds(2);

    private ITimer? _statusTimer;

    private protected override void LookForFaults()
    {
        ThrowIfResetIsNeeded();
        LookForHangs(Link.IsUp);
    }

    private void StartStatusTimer() => _statusTimer = _device.Clock.CreateTimer(
        _ => WhileOpen(LookAtStatus), null, StatusInterval, StatusInterval);

    // A server that is stopped must not be taken for lost because a timer asked it.
    private void LookAtStatus()
    {
        if (_device.AnswersNow()) ThrowIfResetIsNeeded();
    }

    // 2.1.2: the device sets the bit when it cannot go on; only modern ones have it.
    private void ThrowIfResetIsNeeded()
    {
        byte status = _transport.Status;
        if (status == NoAnswer) throw Gone();
        if ((status & Status_.NeedsReset) != 0 && !_transport.IsLegacy)
            throw NeedsReset(DeviceFault.DeviceError,
                $"the device has met an error and needs a reset (device status 0x{status:x2}, virtio 1.2, 2.1.2)");
        // While it is restarted, and after a restart that failed, it is this driver that has reset it.
        if ((status & Status_.DriverOk) == 0 && IsOpen)
            throw NeedsReset(DeviceFault.UnaskedReset,
                $"the device was reset, and not by this driver (device status 0x{status:x2}, expected DRIVER_OK, "
                + "virtio 1.2, 2.1)");
    }

    private DeviceGoneException Gone() => _device.MarkGone("its device status reads as 0xff");
}
