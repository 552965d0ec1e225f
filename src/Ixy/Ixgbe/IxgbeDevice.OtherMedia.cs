using static Ixy.Ixgbe.IxgbeRegisters;

namespace Ixy.Ixgbe;

// 4.6.4 Initializing the PHY and link, where the medium is neither SFP+ nor QSFP+.
public sealed partial class IxgbeDevice
{
    private void StartOtherLink()
    {
        // A backplane's link mode is the EEPROM's.
        if (IxgbeModels.Find(_device.DeviceId) == IxgbePort.Backplane) Change(AUTOC, AUTOC_.Restart, set: true);
        // The firmware of a copper PHY has negotiated since power-on, unless a driver has told it not to.
        else if (IxgbeModels.HasOwnPhy(_device.DeviceId))
            new IxgbePhy(_device, _bar, IxgbeModels.IsX550(_device.DeviceId)).Start();
    }
}
