using static Ixy.Ixgbe.IxgbeRegisters;

namespace Ixy.Ixgbe;

// 4.6.4 Initializing the PHY and link, for media other than SFP+ and QSFP+.
public sealed partial class IxgbeDevice
{
    private void StartOtherLink()
    {
        // On a backplane, the EEPROM sets the link mode.
        if (IxgbeModels.IsBackplane(_device.DeviceId)) Change(AUTOC, AUTOC_.Restart, set: true);
        // The firmware of a copper PHY has been negotiating since power-on, unless a driver told it not to.
        else if (IxgbeModels.HasOwnPhy(_device.DeviceId))
            new IxgbePhy(_device, _bar, IxgbeModels.IsX550(_device.DeviceId)).Start();
    }
}
