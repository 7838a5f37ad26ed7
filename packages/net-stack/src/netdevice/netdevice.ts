/** struct net_device. */
export class NetDevice {
  mtu = 1500;
}
