using Ixy.Vfio;

namespace Ixy;

// What is received besides frames to the port's own address.
public abstract partial class NetworkDevice
{
    /// <summary>
    /// Also receives frames to this unicast address (an ixgbe card has room for 127 besides its own). To add one again changes nothing,
    /// and it stays when <see cref="MacAddress"/> changes.
    /// </summary>
    /// <exception cref="ArgumentException">A multicast or zero address.</exception>
    /// <exception cref="InvalidOperationException">The card's table is full.</exception>
    /// <exception cref="FeatureNotOfferedException">The card has no filter.</exception>
    public abstract void AddUnicastFilter(MacAddress address);

    /// <summary>Also receives frames to this multicast address (and on ixgbe to others that share its hash). To add one again changes nothing.</summary>
    /// <exception cref="ArgumentException">A unicast address.</exception>
    /// <exception cref="FeatureNotOfferedException">The card has no filter.</exception>
    public abstract void AddMulticastFilter(MacAddress address);

    private protected static void RequireUnicast(MacAddress address)
    {
        if (!address.IsUnicast) throw new ArgumentException($"{address} is not the address of one port", nameof(address));
    }

    private protected static void RequireMulticast(MacAddress address)
    {
        if (!address.IsMulticast) throw new ArgumentException($"{address} is no multicast address", nameof(address));
    }
}
