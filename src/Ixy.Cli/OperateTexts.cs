namespace Ixy.Cli;

/// <summary>Help texts of the commands that prepare a machine.</summary>
internal static class OperateTexts
{
    internal const string List = "Shows every network card on the PCI bus: what uses it, and whether ixy can drive it.";
    internal const string Bind = "Takes a network card from its kernel driver, for user space.";
    internal const string Unbind = "Gives a network card back to the kernel driver that it had.";
    internal const string HugePages = "Shows the huge pages that the kernel has set aside, and sets some aside.";

    internal const string Doctor =
        "Finds what keeps 'ixy fwd' from running on this machine's cards, and the commands that cure it.";

    internal const string DoctorAddress =
        "The PCI address of the card to examine. Without it, all cards are.";
    internal const string Address = "A network card's PCI address like 0000:03:00.0, as 'ixy list' shows it.";
    internal const string Driver =
        "The kernel driver it is bound to; 'none' for no driver, as machines without an IOMMU need it.";
    internal const string Force = "Takes it even if its network interface is in use. That cuts connections.";
    internal const string PersistBind = "Also binds it at each start of the machine from now on.";
    internal const string PersistUnbind = "Also forgets the driver noted by 'ixy bind --persist'.";
    internal const string PersistPages = "Also reserves them at each start of the machine; with --reserve 0, not any more.";
    internal const string Reserve = "Makes it so many pages in all; 0 gives them back.";
    internal const string PageSize = "Length of the pages to reserve.";
    internal const string Node = "The memory node to reserve them on. Without it, they are spread over all nodes.";

    internal const string ListNotes = """
        Columns:
          driver       the kernel driver that has the card; vfio-pci gives it to user space
          interface    its network interfaces with their MAC addresses
          IOMMU, NUMA  its IOMMU group and the memory node it is next to; behind an IOMMU of type DMA or DMA-FQ a card
                       works through vfio-pci only, as identity (iommu=pt) also through sysfs
          ixy driver   ixy's driver for it; - if there is none
          in use       why 'ixy bind' would refuse it

        """;

    internal const string BindNotes = """
        Examples:
          sudo ixy bind 0000:03:00.0                   through VFIO, behind an IOMMU
          sudo ixy bind 0000:03:00.0 --driver none     through sysfs, on a machine without one, or with iommu=pt

        A card is refused whose network interface has an address or a route, is up, or is part of a bridge or a bond,
        and so is a card that another program drives. If the driver is a module that is not loaded, it is loaded
        (modprobe), and so is vfio_iommu_type1 with a VFIO driver. Nothing but network cards is ever touched.

        A restart of the machine gives the card back to the kernel's driver, unless --persist is given. That writes
        /etc/driverctl.d/pci-ADDR, which driverctl understands, and, where driverctl is not installed, a udev rule that
        obeys it (/etc/udev/rules.d/10-ixy-drivers.rules). A card that is moved to another slot has another address.

        """;

    internal const string UnbindNotes = """
        Example:
          sudo ixy unbind 0000:03:00.0

        The driver that the card had before 'ixy bind' is noted in /run/ixy/drivers. A card that was bound by other means
        gets the driver that the kernel chooses. After 'ixy bind --persist', the next start of the machine binds it again,
        unless --persist is given here, too.

        """;

    internal const string HugePagesNotes = """
        Examples:
          ixy hugepages
          sudo ixy hugepages --reserve 512               1 GiB in pages of 2 MiB
          sudo ixy hugepages --reserve 2 --size 1G --node 0
          sudo ixy hugepages --reserve 512 --persist     also at each start of the machine

        --persist writes /etc/tmpfiles.d/ixy-hugepages.conf, which systemd obeys early in each start. For pages of
        1 GiB the kernel's command line is more reliable (hugepagesz=1G hugepages=2).

        """;

    internal const string DoctorNotes = """
        Examples:
          ixy doctor                        this machine and all its network cards
          ixy doctor 0000:03:00.0           what this card needs
          sudo ixy doctor 0000:03:00.0      what it needs when root drives it

        Verdicts:
          ok        as it should be
          note      not a failure, but it costs speed, or rules out one of the two ways to a card
          problem   keeps 'ixy fwd' from running on a card; a line that begins with $ is the command that helps

        The answers depend on the user who runs it, as rights and limits do. Nothing is changed; only a card
        that seems ready is opened for a moment, and closed again. A card whose network interface is in use is left
        alone, unless it is named.

        Exit code:
          0  'ixy fwd' would run on ADDR; without ADDR, on one card at least, or there is no card that ixy has a driver
             for, and it would run on simulated ones
          1  it would not
          2  the command line is wrong

        """;
}
