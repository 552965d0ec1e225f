using Ixy.Vfio;

namespace Ixy;

// What is received besides frames to the port's own address.
public abstract partial class NetworkDevice
{
    /// <summary>The port's MAC address. Setting it changes what the card receives, not its EEPROM.</summary>
    /// <exception cref="ArgumentException">Set to a multicast or zero address.</exception>
    /// <exception cref="FeatureNotOfferedException">The card's address cannot be changed.</exception>
    /// <exception cref="DeviceGoneException">The card had to be asked, and no longer answers.</exception>
    public abstract MacAddress MacAddress { get; set; }

    /// <summary>
    /// Receives every good frame, whatever its destination address. This and <see cref="AllMulticast"/> are
    /// independent: each reads back what was last set, and neither changes the other. A frame comes in if one of them,
    /// a filter (<see cref="AddUnicastFilter"/>, <see cref="AddMulticastFilter"/>), <see cref="MacAddress"/> or
    /// broadcast accepts it. Initially <see cref="NetworkDeviceOptions.Promiscuous"/>.
    /// </summary>
    /// <exception cref="FeatureNotOfferedException">
    /// Set to false on a card that has no filter and so is always promiscuous.
    /// </exception>
    public bool Promiscuous
    {
        get => _promiscuous;
        set
        {
            SetReceiveModes(value, AllMulticast);
            _promiscuous = value;
        }
    }

    /// <summary>
    /// Receives every multicast frame; initially false. Promiscuous mode accepts them as well, and leaves this property
    /// unchanged.
    /// </summary>
    public bool AllMulticast
    {
        get;
        set
        {
            SetReceiveModes(_promiscuous, value);
            field = value;
        }
    }

    /// <summary>
    /// Also receives frames to this unicast address (an ixgbe card has room for 127 besides its own). Adding one twice
    /// changes nothing, and it stays when <see cref="MacAddress"/> changes.
    /// </summary>
    /// <exception cref="ArgumentException">A multicast or zero address.</exception>
    /// <exception cref="InvalidOperationException">The card's table is full.</exception>
    /// <exception cref="FeatureNotOfferedException">The card has no filter.</exception>
    public abstract void AddUnicastFilter(MacAddress address);

    /// <summary>
    /// Also receives frames to this multicast address (and on ixgbe to others that share its hash). Adding one twice
    /// changes nothing.
    /// </summary>
    /// <exception cref="ArgumentException">A unicast address.</exception>
    /// <exception cref="FeatureNotOfferedException">The card has no filter.</exception>
    public abstract void AddMulticastFilter(MacAddress address);

    /// <summary>Applies <see cref="Promiscuous"/> and <see cref="AllMulticast"/>, in addition to the filters.</summary>
    private protected abstract void SetReceiveModes(bool promiscuous, bool allMulticast);

    private protected static void RequireUnicast(MacAddress address)
    {
        if (!address.IsUnicast)
            throw new ArgumentException($"{address} is not the address of one port", nameof(address));
    }

    private protected static void RequireMulticast(MacAddress address)
    {
        if (!address.IsMulticast) throw new ArgumentException($"{address} is not a multicast address", nameof(address));
    }
}
